/** `npm run test:faults:long`: it kills thousands of threads, where the short form kills hundreds. */
export const isLongForm = process.env.SFU_STATS_FAULTS === 'long';

/** One figure in the short form, another in the long one. */
export const inForm = (short: number, long: number): number => (isLongForm ? long : short);
