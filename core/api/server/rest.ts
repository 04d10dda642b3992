/**
 * The server's URLs: which verb on which object a request means, and in which form the answer goes back
 * (k8s.io/apiserver/pkg/endpoints/request/requestinfo.go).
 * Omits: protobuf (415), compression, OpenAPI v2 (404), proxy subresources.
 */
import { isPlainObject } from '../meta/json.ts'
import { StatusError, isStatusError } from '../meta/status.ts'
import { groupVersion } from '../registry/definition.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import type { KubeObject, WatchEvent } from '../types/index.ts'
import type { ApiServer } from './api-server.ts'
import type { ApiRequest, ApiResponse, Call, DeleteOptions, ListOptions, PatchRequest, PatchType } from './call.ts'
import { aggregated, coreVersions, groupList, oneGroup, resourceList, VERSION } from './discovery.ts'
import { openApiDocument, openApiIndex } from './openapi.ts'
import { partialMetadata, renderTable } from './table.ts'

const JSON_TYPE = 'application/json'
/** Request bodies larger than this are refused (MaxRequestBodyBytes). */
const BODY_MAX = 3 * 1024 * 1024

const PATCH_TYPES = new Map<string, PatchType>([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
  ['application/apply-patch+yaml', 'apply'],
])

export interface ResourcePath {
  /** As `ApiServer` takes it; with the version when it is not the preferred one. */
  resource: string
  definition: ResourceDefinition
  namespace: string
  name: string
  subresource: string
}

/** Splits `/apis/apps/v1/namespaces/x/deployments/web/scale`; undefined when it is no resource of ours. */
export function parseResourcePath(server: ApiServer, path: string): ResourcePath | undefined {
  const parts = path
    .split('/')
    .filter((p) => p !== '')
    .map(decode)
  let group = ''
  let rest: string[]
  if (parts[0] === 'api') rest = parts.slice(1)
  else if (parts[0] === 'apis') {
    group = parts[1] ?? ''
    rest = parts.slice(2)
  } else return undefined
  const version = rest[0] ?? ''
  rest = rest.slice(1)
  let namespace = ''
  // `namespaces/x` alone, or with its own subresource, is the namespace itself.
  if (rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize') {
    namespace = rest[1]!
    rest = rest.slice(2)
  }
  if (rest[0] === undefined || rest.length > 3) return undefined
  const resource = `${rest[0]}.${version}.${group}`
  const definition = server.definition(resource)
  if (!definition) return undefined
  return { resource, definition, namespace, name: rest[1] ?? '', subresource: rest[2] ?? '' }
}

export function handleRequest(server: ApiServer, request: ApiRequest): ApiResponse {
  const warnings: string[] = []
  try {
    if (!server.available) throw StatusError.unavailable()
    const response = answer(server, request, warnings)
    return warnings.length > 0 ? { ...response, warnings } : response
  } catch (error) {
    if (!isStatusError(error)) throw error
    return { code: error.status.code, body: error.status, contentType: JSON_TYPE }
  }
}

export function handleWatchRequest(
  server: ApiServer,
  request: ApiRequest,
  onEvent: (event: WatchEvent) => void,
): (() => void) | ApiResponse {
  try {
    if (!server.available) throw StatusError.unavailable()
    const target = parseResourcePath(server, request.path)
    if (!target) throw StatusError.unknownPath()
    const view = viewOf(request)
    const deliver = (event: WatchEvent): void => {
      if (event.type === 'ERROR' || view.kind === 'Object') onEvent(event)
      else onEvent({ ...event, object: shown(server, target, view, [event.object], {}, true) as KubeObject })
    }
    const options = listOptions(request, target)
    if (target.name !== '') options.fieldSelector = [options.fieldSelector, `metadata.name=${target.name}`].filter(Boolean).join(',')
    return server.watch(
      callOf(request, []),
      target.resource,
      {
        ...options,
        allowBookmarks: request.query.get('allowWatchBookmarks') === 'true',
        sendInitialEvents: request.query.get('sendInitialEvents') === 'true',
      },
      deliver,
    )
  } catch (error) {
    if (!isStatusError(error)) throw error
    return { code: error.status.code, body: error.status, contentType: JSON_TYPE }
  }
}

function answer(server: ApiServer, request: ApiRequest, warnings: string[]): ApiResponse {
  const path = request.path.replace(/\/+$/, '') || '/'
  const fixed = request.method === 'GET' ? wellKnown(server, path, request) : undefined
  if (fixed) return fixed
  const target = parseResourcePath(server, path)
  if (!target) throw StatusError.unknownPath()
  const call = callOf(request, warnings)
  const { resource, definition, namespace, name, subresource } = target
  const body = request.method === 'GET' || request.method === 'HEAD' ? undefined : bodyOf(request)
  const view = viewOf(request)
  const one = (object: KubeObject, code = 200): ApiResponse =>
    ok(view.kind === 'Object' ? object : shown(server, target, view, [object], {}, true), code)
  switch (request.method) {
    case 'GET':
    case 'HEAD': {
      if (name === '') {
        const list = server.list(call, resource, listOptions(request, target))
        if (view.kind !== 'Object') return ok(shown(server, target, view, list.items, list.metadata, false))
        return ok({ kind: `${definition.kind}List`, apiVersion: servedVersion(target), metadata: list.metadata, items: list.items })
      }
      if (subresource === 'scale') return ok(server.subresource(call, resource, namespace, name, 'scale', 'get'))
      if (subresource !== '' && subresource !== 'status') throw StatusError.unknownPath()
      return one(server.get(call, resource, namespace, name))
    }
    case 'POST': {
      if (name === '') return one(server.create(call, resource, namespace, body as object), 201)
      if (subresource === '') throw StatusError.methodNotSupported({ group: definition.group, name: definition.plural }, 'create')
      return ok(server.subresource(call, resource, namespace, name, subresource, 'create', body as object), 201)
    }
    case 'PUT': {
      if (name === '') throw StatusError.methodNotSupported({ group: definition.group, name: definition.plural }, 'update')
      if (subresource === '' || subresource === 'status') {
        const object = body as KubeObject
        if (!isPlainObject(object.metadata)) object.metadata = { name }
        if (object.metadata.name && object.metadata.name !== name)
          throw StatusError.badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`)
        object.metadata.name = name
        if (definition.namespaced) object.metadata.namespace ??= namespace
        return one(server.update(call, resource, object, subresource))
      }
      return ok(server.subresource(call, resource, namespace, name, subresource, 'update', body as object))
    }
    case 'PATCH': {
      const type = PATCH_TYPES.get((request.headers?.get('content-type') ?? '').split(';')[0]!.trim())
      if (!type)
        throw StatusError.unsupportedMediaType(
          `the body of the request was in an unknown format - accepted media types include: ${[...PATCH_TYPES.keys()].join(', ')}`,
        )
      const patch: PatchRequest = { type, body, fieldManager: call.fieldManager, force: request.query.get('force') === 'true' }
      if (subresource !== '') patch.subresource = subresource as PatchRequest['subresource']
      const existed = type !== 'apply' || server.find(call, resource, namespace, name) !== undefined
      return one(server.patch(call, resource, namespace, name, patch), existed ? 200 : 201)
    }
    case 'DELETE': {
      const options = deleteOptions(request, body)
      if (name === '') {
        const list = server.deleteCollection(call, resource, listOptions(request, target), options)
        return ok({ kind: `${definition.kind}List`, apiVersion: servedVersion(target), metadata: list.metadata, items: list.items })
      }
      const { object, gone } = server.deleteWithOutcome(call, resource, namespace, name, options)
      if (!gone || definition.resource === 'pods') return ok(object)
      return ok({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name, ...(definition.group ? { group: definition.group } : {}), kind: definition.plural, uid: object.metadata.uid },
      })
    }
    default:
      throw StatusError.methodNotSupported({ group: definition.group, name: definition.plural }, request.method.toLowerCase())
  }
}

function wellKnown(server: ApiServer, path: string, request: ApiRequest): ApiResponse | undefined {
  const { registry } = server
  const accept = request.headers?.get('accept') ?? ''
  const aggregate = accept.split(',').some((a) => a.includes('as=APIGroupDiscoveryList') && a.includes('v=v2') && a.startsWith(JSON_TYPE))
  const discovery = (core: boolean): ApiResponse => ({
    code: 200,
    body: aggregated(registry, core),
    contentType: `${JSON_TYPE};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`,
  })
  switch (path) {
    case '/version':
      return ok(VERSION)
    case '/api':
      return aggregate ? discovery(true) : ok(coreVersions())
    case '/apis':
      return aggregate ? discovery(false) : ok(groupList(registry))
    case '/openapi/v3':
      return server.schemaDefinitions ? ok(openApiIndex(registry)) : undefined
    case '/healthz':
    case '/livez':
    case '/readyz':
      return { code: 200, body: { text: 'ok' }, contentType: 'text/plain' }
    case '/':
      return ok({ paths: ['/api', '/api/v1', '/apis', '/healthz', '/livez', '/readyz', '/version'] })
  }
  const parts = path.split('/').filter((p) => p !== '')
  let found: object | undefined
  if (parts[0] === 'api' && parts.length === 2) found = resourceList(registry, '', parts[1]!)
  else if (parts[0] === 'openapi' && parts[1] === 'v3' && server.schemaDefinitions)
    found = openApiDocument(registry, server.schemaDefinitions, parts.slice(3).join('/'))
  else if (parts[0] === 'apis' && parts.length === 2) found = oneGroup(registry, parts[1]!)
  else if (parts[0] === 'apis' && parts.length === 3) found = resourceList(registry, parts[1]!, parts[2]!)
  return found && ok(found)
}

interface View {
  kind: 'Object' | 'Table' | 'PartialObjectMetadata'
  include: 'None' | 'Metadata' | 'Object'
}

/** The first form in `Accept` that we can make. */
function viewOf(request: ApiRequest): View {
  const include = (request.query.get('includeObject') as View['include'] | undefined) ?? 'Metadata'
  for (const part of (request.headers?.get('accept') ?? '').split(',')) {
    if (!part.trim().startsWith(JSON_TYPE)) continue
    if (part.includes('as=Table')) return { kind: 'Table', include }
    if (part.includes('as=PartialObjectMetadata')) return { kind: 'PartialObjectMetadata', include }
    break
  }
  return { kind: 'Object', include }
}

function shown(
  server: ApiServer,
  target: ResourcePath,
  view: View,
  objects: readonly KubeObject[],
  metadata: object,
  single: boolean,
): object {
  if (view.kind === 'Table') {
    const meta = single ? { resourceVersion: objects[0]?.metadata.resourceVersion } : metadata
    return renderTable(target.definition, objects, server.nowMs, meta, view.include)
  }
  if (single) return partialMetadata(objects[0]!)
  return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: objects.map(partialMetadata) }
}

function callOf(request: ApiRequest, warnings: string[]): Call {
  const { query } = request
  const fieldValidation = (query.get('fieldValidation') as Call['fieldValidation'] | undefined) ?? 'Warn'
  if (!['Strict', 'Warn', 'Ignore'].includes(fieldValidation))
    throw StatusError.badRequest(
      `fieldValidation: Unsupported value: "${String(fieldValidation)}": supported values: "", "Ignore", "Strict", "Warn"`,
    )
  return {
    actor: request.actor,
    warnings,
    fieldValidation,
    fieldManager: query.get('fieldManager') || request.actor.split('/')[0],
    dryRun: query.get('dryRun') === 'All',
  }
}

function listOptions(request: ApiRequest, target: ResourcePath): ListOptions {
  const { query } = request
  const options: ListOptions = { namespace: target.namespace }
  const text = (name: 'labelSelector' | 'fieldSelector' | 'continue' | 'resourceVersion') => {
    const value = query.get(name)
    if (value) options[name] = value
  }
  text('labelSelector')
  text('fieldSelector')
  text('continue')
  text('resourceVersion')
  const limit = Number(query.get('limit') ?? 0)
  if (Number.isInteger(limit) && limit > 0) options.limit = limit
  return options
}

function deleteOptions(request: ApiRequest, body: unknown): DeleteOptions {
  const from = isPlainObject(body) ? body : {}
  const options: DeleteOptions = {}
  const policy = from.propagationPolicy ?? request.query.get('propagationPolicy')
  if (policy === 'Background' || policy === 'Foreground' || policy === 'Orphan') options.propagationPolicy = policy
  else if (from.orphanDependents === true) options.propagationPolicy = 'Orphan'
  const grace = from.gracePeriodSeconds ?? request.query.get('gracePeriodSeconds')
  if (grace !== undefined && grace !== null && Number.isInteger(Number(grace))) options.gracePeriodSeconds = Number(grace)
  if (isPlainObject(from.preconditions)) options.preconditions = from.preconditions as DeleteOptions['preconditions']
  if (request.query.get('dryRun') === 'All' || (Array.isArray(from.dryRun) && from.dryRun.includes('All'))) options.dryRun = true
  return options
}

function bodyOf(request: ApiRequest): unknown {
  const { body } = request
  if (body === undefined || body === '') return request.method === 'DELETE' ? undefined : {}
  if (typeof body !== 'string') return body
  const type = (request.headers?.get('content-type') ?? JSON_TYPE).split(';')[0]!.trim()
  if (!type.endsWith('json') && !type.endsWith('yaml') && type !== 'application/x-www-form-urlencoded')
    throw StatusError.unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${JSON_TYPE}, application/yaml`,
    )
  if (body.length > BODY_MAX) throw StatusError.tooLarge(`Request entity too large: limit is ${BODY_MAX}`)
  try {
    return JSON.parse(body) as unknown
  } catch {
    throw StatusError.badRequest(
      "the object provided is unrecognized (must be of type DeleteOptions): couldn't get version/kind; json parse error: invalid character",
    )
  }
}

function servedVersion(target: ResourcePath): string {
  const version = target.resource.split('.')[1]!
  return groupVersion({ group: target.definition.group, version })
}

function ok(body: object, code = 200): ApiResponse {
  return { code, body, contentType: JSON_TYPE }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
