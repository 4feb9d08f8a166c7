// The faults that can be planted in a source text: each is one small change of what it does, such as programmers make by
// mistake. Leaves out what would change no behaviour: types, imports, texts for people, logging. Whether one compiles says
// compiler.ts.
import ts from 'typescript'

export interface Fault {
  /** Relative to the project, with forward slashes. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** What was done: `condition`, `and-or`, `comparison` ... */
  readonly kind: FaultKind
  /** Where the text stood. */
  readonly start: number
  readonly end: number
  readonly from: string
  readonly to: string
}

export type FaultKind =
  | 'condition'
  | 'and-or'
  | 'comparison'
  | 'arithmetic'
  | 'fallback'
  | 'statement'
  | 'return'
  | 'await'
  | 'optional-chain'
  | 'boundary'
  | 'negation'

/** All faults of a file, in the order of their places. */
export function faultsIn(file: string, source: string): Fault[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS)
  const faults: Fault[] = []
  const add = (kind: FaultKind, node: ts.Node, to: string): void => {
    const [start, end] = [node.getStart(tree), node.getEnd()]
    const { line, character } = tree.getLineAndCharacterOfPosition(start)
    faults.push({ file, line: line + 1, column: character + 1, kind, start, end, from: source.slice(start, end), to })
  }
  const visit = (node: ts.Node): void => {
    if (isWithoutBehaviour(node)) return
    plant(node, add)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return faults.sort((one, other) => one.start - other.start || one.end - other.end)
}

/** The source with the fault in it. */
export function withFault(source: string, { start, end, to }: Pick<Fault, 'start' | 'end' | 'to'>): string {
  return source.slice(0, start) + to + source.slice(end)
}

type Add = (kind: FaultKind, node: ts.Node, to: string) => void

const comparisons: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
])

const arithmetic: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*'],
  [ts.SyntaxKind.PlusEqualsToken, '-='],
  [ts.SyntaxKind.MinusEqualsToken, '+='],
])

function plant(node: ts.Node, add: Add): void {
  if (ts.isBinaryExpression(node)) plantInOperation(node, add)
  else if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) flip(node.expression, add)
  else if (ts.isConditionalExpression(node)) flip(node.condition, add)
  else if (ts.isForStatement(node) && node.condition !== undefined) flip(node.condition, add)
  else if (ts.isPrefixUnaryExpression(node)) plantInPrefix(node, add)
  else if (ts.isPostfixUnaryExpression(node))
    add('arithmetic', node, `${node.operand.getText()}${node.operator === ts.SyntaxKind.PlusPlusToken ? '--' : '++'}`)
  else if (ts.isExpressionStatement(node)) plantInStatement(node, add)
  else if (ts.isReturnStatement(node) && node.expression !== undefined) plantInReturn(node.expression, add)
  else if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) plantInReturn(node.body, add)
  else if (ts.isAwaitExpression(node)) add('await', node, node.expression.getText())
  else if (ts.isPropertyAccessExpression(node) && node.questionDotToken !== undefined)
    add('optional-chain', node.questionDotToken, '!.')
  else if (ts.isNumericLiteral(node)) plantInNumber(node, add)
}

function plantInOperation({ left, right, operatorToken }: ts.BinaryExpression, add: Add): void {
  const { kind } = operatorToken
  if (kind === ts.SyntaxKind.AmpersandAmpersandToken) add('and-or', operatorToken, '||')
  else if (kind === ts.SyntaxKind.BarBarToken) add('and-or', operatorToken, '&&')
  else if (kind === ts.SyntaxKind.QuestionQuestionToken) {
    // Instead of the value, what stands in for it.
    const whole = operatorToken.parent
    if (left.getText() !== right.getText()) add('fallback', whole, `(${right.getText()})`)
  } else if (comparisons.has(kind)) add('comparison', operatorToken, comparisons.get(kind) as string)
  else if (arithmetic.has(kind) && !isText(left) && !isText(right))
    add('arithmetic', operatorToken, arithmetic.get(kind) as string)
}

/** A comparison is flipped where it stands. */
function flip(condition: ts.Expression, add: Add): void {
  if (ts.isBinaryExpression(condition) && comparisons.get(condition.operatorToken.kind)?.endsWith('==')) return
  if (ts.isPrefixUnaryExpression(condition) && condition.operator === ts.SyntaxKind.ExclamationToken) return
  add('condition', condition, `!(${condition.getText()})`)
}

function plantInPrefix(node: ts.PrefixUnaryExpression, add: Add): void {
  const operand = node.operand.getText()
  if (node.operator === ts.SyntaxKind.ExclamationToken) add('negation', node, operand)
  else if (node.operator === ts.SyntaxKind.PlusPlusToken) add('arithmetic', node, `--${operand}`)
  else if (node.operator === ts.SyntaxKind.MinusMinusToken) add('arithmetic', node, `++${operand}`)
}

/** Not done: a call, an assignment, a wait. */
function plantInStatement(statement: ts.ExpressionStatement, add: Add): void {
  let { expression } = statement
  while (ts.isAwaitExpression(expression) || ts.isVoidExpression(expression)) expression = expression.expression
  if (isWithoutBehaviour(expression)) return
  // Without it a class does not even come into being; the compiler says so, late.
  if (ts.isCallExpression(expression) && expression.expression.kind === ts.SyntaxKind.SuperKeyword) return
  if (ts.isCallExpression(expression) || ts.isBinaryExpression(expression) || ts.isDeleteExpression(expression))
    add('statement', statement, '{}')
}

function plantInReturn(value: ts.Expression, add: Add): void {
  const text = value.getText()
  if (ts.isStringLiteral(value) || ts.isTemplateExpression(value) || ts.isNumericLiteral(value)) return
  if (text === 'undefined') return
  if (isBoolean(value)) {
    for (const constant of ['true', 'false']) if (constant !== text) add('return', value, constant)
  } else if (ts.isIdentifier(value) || ts.isPropertyAccessExpression(value) || ts.isCallExpression(value))
    add('return', value, 'undefined')
}

/** By its looks: the types are not known here. */
function isBoolean(value: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(value)) return isBoolean(value.expression)
  if (ts.isPrefixUnaryExpression(value)) return value.operator === ts.SyntaxKind.ExclamationToken
  if (ts.isBinaryExpression(value)) {
    const { kind } = value.operatorToken
    const joins = kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken
    return comparisons.has(kind) || (joins && isBoolean(value.right))
  }
  return value.kind === ts.SyntaxKind.TrueKeyword || value.kind === ts.SyntaxKind.FalseKeyword
}

/** Small numbers are places and counts; larger ones are sizes and times, which one more or less does not make wrong. */
function plantInNumber(node: ts.NumericLiteral, add: Add): void {
  const value = Number(node.text)
  if (!Number.isInteger(value) || value > 3 || ts.isEnumMember(node.parent) || ts.isLiteralTypeNode(node.parent)) return
  if (ts.isPropertyAssignment(node.parent) && node.parent.name === node) return
  add('boundary', node, String(value + 1))
}

const isText = (node: ts.Node): boolean =>
  ts.isStringLiteral(node) || ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node)

/** Nothing in it decides what the program does. */
function isWithoutBehaviour(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return true
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return true
  // What an error or a log says is read by people.
  if (ts.isTemplateExpression(node) || ts.isStringLiteral(node)) return true
  if (ts.isNewExpression(node) && /Error$/.test(node.expression.getText())) return true
  return ts.isCallExpression(node) && /(^|\.|#)(log|logger|console)\??\.\w+$/.test(node.expression.getText())
}
