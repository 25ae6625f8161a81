/** A URL as logs and reports may show it: without userinfo, query and fragment, which may hold secrets. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
