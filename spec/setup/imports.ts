// Reads one source file by the TypeScript API: what it imports, and the statements that lib/ does without.
import ts from 'typescript'

/** One import of any form: `import`, `import type`, `export ... from`, `import('...')` as a value or as a type. */
export interface Import {
  readonly specifier: string
  readonly line: number
  /** False for `import('...')` as an expression: it is loaded when it is run. */
  readonly isStatic: boolean
}

/** Parses without types: fast, and content with code that does not compile. */
export function parse(file: string, source: string): ts.SourceFile {
  return ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
}

/** All imports in the file, in source order. A dynamic one counts where its argument is a literal. */
export function importsOf(tree: ts.SourceFile): Import[] {
  const imports: Import[] = []
  const add = (node: ts.Node | undefined, isStatic = true) => {
    if (node && ts.isStringLiteralLike(node)) imports.push({ specifier: node.text, line: lineOf(tree, node), isStatic })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier)
    else if (ts.isExternalModuleReference(node)) add(node.expression)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return imports
}

/** The lines of `export default`, `export =`, `export { x as default }`. */
export function linesWithDefaultExport(tree: ts.SourceFile): number[] {
  return tree.statements.filter(exportsDefault).map((statement) => lineOf(tree, statement))
}

/** The lines of module-level `let` and `var`. */
export function linesWithModuleVariable(tree: ts.SourceFile): number[] {
  return tree.statements
    .filter((statement) => ts.isVariableStatement(statement) && !isConstant(statement.declarationList))
    .map((statement) => lineOf(tree, statement))
}

function exportsDefault(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement
    if (exportClause === undefined) return false
    const names = ts.isNamedExports(exportClause) ? exportClause.elements.map((each) => each.name) : [exportClause.name]
    return names.some((name) => name.text === 'default')
  }
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ?? false
}

function isConstant(list: ts.VariableDeclarationList): boolean {
  return (list.flags & ts.NodeFlags.BlockScoped) !== 0 && (list.flags & ts.NodeFlags.Let) === 0
}

function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1
}
