import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import ts from 'typescript';

/** One import of a source file. */
export interface Import {
  /** The importing file, from the project's root. */
  readonly from: string;
  /** The imported file, from the project's root, or the name of a package. */
  readonly to: string;
  /** Only types: nothing of it is there at run time. */
  readonly typeOnly: boolean;
}

/** All TypeScript files below a folder, from `root`, in order. */
export function sourceFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  return (
    clause.name === undefined &&
    named !== undefined &&
    ts.isNamedImports(named) &&
    named.elements.every((element) => element.isTypeOnly)
  );
}

/** What a source text imports: statements, re-exports, `import()` of values and of types. */
export function importsOf(from: string, text: string): Import[] {
  const imports: Import[] = [];
  const add = (to: string, typeOnly: boolean): void => {
    const target = to.startsWith('.')
      ? posix.join(posix.dirname(from), to).replace(/\.js$/, '.ts')
      : to.replace(/^((?:@[^/]+\/)?[^/]+).*$/, '$1');
    imports.push({ from, to: target, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const { moduleSpecifier } = node;
      if (moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier)) {
        add(moduleSpecifier.text, isTypeOnly(node));
      }
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [target] = node.arguments;
      add(target !== undefined && ts.isStringLiteralLike(target) ? target.text : 'an unknown module', false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal)) add(node.argument.literal.text, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(from, text, ts.ScriptTarget.ESNext, true));
  return imports;
}

/** Imports of all files below the folders. */
export function allImports(root: string, folders: readonly string[]): Import[] {
  return folders
    .flatMap((folder) => sourceFiles(root, folder))
    .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
}
