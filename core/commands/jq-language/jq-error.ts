/** jq's own `error` and `break` while a program runs: thrown and caught inside this folder, and nowhere else. */
import type { JqValue } from './json-value.ts'

export class JqError {
  readonly value: JqValue

  constructor(value: JqValue) {
    this.value = value
  }
}

export class JqBreak {
  readonly label: object

  constructor(label: object) {
    this.label = label
  }
}
