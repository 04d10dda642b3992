/** What a check saw: a code and parameters that the view words in the reader's language. */
export interface Seen {
  code:
    | 'ok' | 'not-found' | 'value' | 'count' | 'exit-code' | 'output' | 'verdict' | 'server' | 'source' | 'not-crossed' | 'body'
    | 'no-packet' | 'not-passed' | 'not-delivered' | 'was-delivered' | 'no-snat' | 'was-snat' | 'unanswered' | 'wrong-answer' | 'error'
  /** What was there, as text. */
  actual: string
  expected: string
}

export interface CheckResult {
  state: 'pass' | 'fail' | 'waiting'
  seen: Seen
}

export const PASS: CheckResult = { state: 'pass', seen: { code: 'ok', actual: '', expected: '' } }

export function fail(code: Seen['code'], actual = '', expected = ''): CheckResult {
  return { state: 'fail', seen: { code, actual: actual.slice(0, 400), expected: expected.slice(0, 400) } }
}

export function waiting(code: Seen['code'], actual = '', expected = ''): CheckResult {
  return { state: 'waiting', seen: { code, actual: actual.slice(0, 400), expected: expected.slice(0, 400) } }
}
