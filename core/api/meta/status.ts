/**
 * The API's only error. Constructors, reasons and wording follow k8s.io/apimachinery/pkg/api/errors; `kubectl` prints
 * `message` after `Error from server (<reason>): `.
 */
import { formatFieldErrors } from './field-error.ts'
import type { FieldError } from './field-error.ts'

export interface StatusCause {
  reason?: string
  message?: string
  field?: string
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: { remainingItemCount?: number; continue?: string }
  status: 'Success' | 'Failure'
  message?: string
  reason?: StatusReason
  details?: StatusDetails
  code: number
}

export type StatusReason =
  | ''
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable'

/** `group` may be '': then the resource is named alone, else as `resource.group`. */
export interface GroupName {
  group: string
  name: string
}

export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: Status

  constructor(status: Status) {
    super(status.message ?? status.reason ?? 'unknown')
    this.status = status
  }

  get reason(): StatusReason {
    return this.status.reason ?? ''
  }

  get code(): number {
    return this.status.code
  }

  static notFound(resource: GroupName, name: string): StatusError {
    return failure(404, 'NotFound', `${qualified(resource)} "${name}" not found`, { name, group: resource.group, kind: resource.name })
  }

  static alreadyExists(resource: GroupName, name: string): StatusError {
    return failure(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, details(resource, name))
  }

  static conflict(resource: GroupName, name: string, why: string): StatusError {
    const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`
    return failure(409, 'Conflict', message, details(resource, name))
  }

  /** Two appliers own one field (server-side apply). */
  static applyConflict(message: string, causes: StatusCause[]): StatusError {
    return failure(409, 'Conflict', message, { causes })
  }

  static forbidden(resource: GroupName, name: string, why: string): StatusError {
    const message =
      resource.name === ''
        ? `forbidden: ${why}`
        : name === ''
          ? `${qualified(resource)} is forbidden: ${why}`
          : `${qualified(resource)} "${name}" is forbidden: ${why}`
    return failure(403, 'Forbidden', message, details(resource, name))
  }

  /** `kind` as `{ group, name: 'Deployment' }`. */
  static invalid(kind: GroupName, name: string, errors: readonly FieldError[]): StatusError {
    const message = `${qualified(kind)} "${name}" is invalid: ${formatFieldErrors(errors)}`
    const causes = errors.map((e) => ({ reason: e.type, message: e.body(), field: e.field }))
    return failure(422, 'Invalid', message, { ...details(kind, name), causes })
  }

  static badRequest(message: string): StatusError {
    return failure(400, 'BadRequest', message)
  }

  static methodNotSupported(resource: GroupName, action: string): StatusError {
    return failure(405, 'MethodNotAllowed', `${action} is not supported on resources of kind "${qualified(resource)}"`, {
      group: resource.group,
      kind: resource.name,
    })
  }

  /** A watch or a continued list that asks for history which is no longer kept. */
  static expired(message: string): StatusError {
    return failure(410, 'Expired', message)
  }

  static tooManyRequests(message: string, retryAfterSeconds: number, causes?: StatusCause[]): StatusError {
    return failure(429, 'TooManyRequests', message, causes ? { causes, retryAfterSeconds } : { retryAfterSeconds })
  }

  static unsupportedMediaType(message: string): StatusError {
    return failure(415, 'UnsupportedMediaType', message)
  }

  static tooLarge(message: string): StatusError {
    return failure(413, 'RequestEntityTooLarge', message)
  }

  static internal(message: string): StatusError {
    return failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
  }

  /** The API server's process does not run: what a client sees is a refused connection. */
  static unavailable(): StatusError {
    return failure(503, 'ServiceUnavailable', 'the server is currently unable to handle the request')
  }

  /** A path that no resource answers to. */
  static unknownPath(): StatusError {
    return failure(404, 'NotFound', 'the server could not find the requested resource', {})
  }
}

export function isStatusError(error: unknown): error is StatusError {
  return error instanceof StatusError
}

/** True when `error` is a refusal of that reason; a `Bug` is never one. */
export function hasReason(error: unknown, reason: StatusReason): boolean {
  return error instanceof StatusError && error.status.reason === reason
}

function failure(code: number, reason: StatusReason, message: string, detail?: StatusDetails): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(detail ? { details: clean(detail) } : {}),
    code,
  })
}

function details(resource: GroupName, name: string): StatusDetails {
  return { name, group: resource.group, kind: resource.name }
}

function clean(detail: StatusDetails): StatusDetails {
  const result: StatusDetails = {}
  if (detail.name) result.name = detail.name
  if (detail.group) result.group = detail.group
  if (detail.kind) result.kind = detail.kind
  if (detail.causes) result.causes = detail.causes
  if (detail.retryAfterSeconds !== undefined) result.retryAfterSeconds = detail.retryAfterSeconds
  return result
}

function qualified(resource: GroupName): string {
  return resource.group === '' ? resource.name : `${resource.name}.${resource.group}`
}
