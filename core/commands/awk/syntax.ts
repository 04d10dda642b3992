/** The tree of an awk program. */

export type Expr =
  | { t: 'number'; value: number }
  | { t: 'string'; value: string }
  | { t: 'regex'; source: string }
  | { t: 'name'; name: string }
  | { t: 'index'; name: string; subscripts: Expr[] }
  | { t: 'field'; of: Expr }
  | { t: 'group'; of: Expr }
  | { t: 'unary'; op: '!' | '-' | '+'; of: Expr }
  | { t: 'binary'; op: string; a: Expr; b: Expr }
  | { t: 'match'; negated: boolean; a: Expr; b: Expr }
  | { t: 'in'; subscripts: Expr[]; name: string }
  | { t: 'ternary'; test: Expr; yes: Expr; no: Expr }
  | { t: 'assign'; op: string; to: Lvalue; value: Expr }
  | { t: 'step'; by: 1 | -1; prefix: boolean; of: Lvalue }
  | { t: 'call'; name: string; args: Expr[]; line: number }
  | { t: 'builtin'; name: string; args: Expr[]; bare: boolean }
  | { t: 'getline'; from: 'main' | 'file' | 'command'; source: Expr | null; into: Lvalue | null }

export type Lvalue = Extract<Expr, { t: 'name' | 'index' | 'field' }>

export interface Output {
  how: '>' | '>>' | '|'
  to: Expr
}

export type Stmt =
  | { t: 'expr'; of: Expr }
  | { t: 'print'; args: Expr[]; output: Output | null }
  | { t: 'printf'; args: Expr[]; output: Output | null }
  | { t: 'if'; test: Expr; yes: Stmt; no: Stmt | null }
  | { t: 'while'; test: Expr; body: Stmt }
  | { t: 'do'; test: Expr; body: Stmt }
  | { t: 'for'; start: Stmt | null; test: Expr | null; step: Stmt | null; body: Stmt }
  | { t: 'forin'; variable: string; array: string; body: Stmt }
  | { t: 'block'; body: Stmt[] }
  | { t: 'delete'; name: string; subscripts: Expr[] | null }
  | { t: 'exit' | 'return'; value: Expr | null }
  | { t: 'next' | 'nextfile' | 'break' | 'continue' }

export interface Rule {
  when: 'BEGIN' | 'END' | 'record'
  pattern: Expr | null
  until: Expr | null
  action: Stmt | null
}

export interface AwkFunction {
  name: string
  params: string[]
  body: Stmt
}

export interface AwkProgram {
  rules: Rule[]
  functions: Map<string, AwkFunction>
}
