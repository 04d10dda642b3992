/**
 * Errors of validation, one per field: k8s.io/apimachinery/pkg/util/validation/field. Paths are written as upstream
 * writes them: `spec.ports[0].nodePort`, `metadata.labels[app]`.
 */

export type FieldErrorType =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueDuplicate'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueNotFound'
  | 'InternalError'
  | 'FieldValueTypeInvalid'

const TITLE: Record<FieldErrorType, string> = {
  FieldValueRequired: 'Required value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueNotFound: 'Not found',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
}

export class FieldError {
  readonly type: FieldErrorType
  readonly field: string
  readonly detail: string
  readonly #value: unknown

  constructor(type: FieldErrorType, field: string, value: unknown, detail: string) {
    this.type = type
    this.field = field
    this.#value = value
    this.detail = detail
  }

  /** `Invalid value: "x": why`, without the field. */
  body(): string {
    const title = TITLE[this.type]
    const withoutValue =
      this.type === 'FieldValueRequired' ||
      this.type === 'FieldValueForbidden' ||
      this.type === 'FieldValueTooLong' ||
      this.type === 'InternalError' ||
      this.type === 'FieldValueTooMany'
    const text = withoutValue ? title : `${title}: ${goValue(this.#value)}`
    return this.detail === '' ? text : `${text}: ${this.detail}`
  }

  toString(): string {
    return `${this.field}: ${this.body()}`
  }
}

export function required(field: string, detail = ''): FieldError {
  return new FieldError('FieldValueRequired', field, '', detail)
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return new FieldError('FieldValueInvalid', field, value, detail)
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? '' : `supported values: ${supported.map((v) => JSON.stringify(v)).join(', ')}`
  return new FieldError('FieldValueNotSupported', field, value, detail)
}

export function forbidden(field: string, detail: string): FieldError {
  return new FieldError('FieldValueForbidden', field, '', detail)
}

export function duplicate(field: string, value: unknown): FieldError {
  return new FieldError('FieldValueDuplicate', field, value, '')
}

export function tooLong(field: string, max: number): FieldError {
  return new FieldError('FieldValueTooLong', field, '', `may not be more than ${max} bytes`)
}

export function notFoundField(field: string, value: unknown): FieldError {
  return new FieldError('FieldValueNotFound', field, value, '')
}

/** One error stands alone, several in brackets (utilerrors.Aggregate), each once. */
export function formatFieldErrors(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map((e) => e.toString()))]
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
}

/** As field.Error prints a bad value: strings quoted, numbers bare, everything else as JSON. */
function goValue(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return JSON.stringify(value)
}
