/** What comes with every call of the API: who asks, and how it shall be judged. */
export interface Call {
  /** User agent: `kubectl`, `deployment-controller`, `kubelet/worker-1`. */
  actor: string
  fieldManager?: string
  /** Absent: the caller is one of our own programs and its objects are taken as well-typed. */
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore'
  dryRun?: boolean
  /** Server-side apply takes fields from other managers. */
  force?: boolean
  /** Filled by the server: what a client prints as `Warning: …`. */
  warnings: string[]
}

export interface ListOptions {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  limit?: number
  continue?: string
  resourceVersion?: string
}

export interface WatchOptions extends ListOptions {
  /** Bookmarks about once a minute. */
  allowBookmarks?: boolean
  /** Without a resourceVersion, or '0': the watch starts with an ADDED event for everything that exists. */
  sendInitialEvents?: boolean
}

export interface DeleteOptions {
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  gracePeriodSeconds?: number
  preconditions?: { uid?: string; resourceVersion?: string }
  dryRun?: boolean
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

export interface PatchRequest {
  type: PatchType
  body: unknown
  subresource?: 'status' | 'scale' | 'ephemeralcontainers' | 'resize'
  fieldManager?: string
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore'
  force?: boolean
  dryRun?: boolean
}

export interface WriteOptions {
  dryRun?: boolean
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore'
  fieldManager?: string
}

/** A REST request, as an outside client or `kubectl get --raw` makes it. */
export interface ApiRequest {
  method: string
  path: string
  query: Map<string, string>
  headers?: Map<string, string>
  body?: string | object
  actor: string
}

export interface ApiResponse {
  code: number
  body: object
  contentType: string
  warnings?: string[]
}
