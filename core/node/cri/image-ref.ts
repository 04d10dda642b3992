/**
 * Image references: `nginx` is `docker.io/library/nginx:latest`. Truth: distribution/reference normalize.go; the error text is
 * containerd's as the kubelet prints it.
 */
export interface ImageRef {
  /** With registry and path, without tag and digest. */
  repository: string
  tag: string
  digest: string
  /** The whole thing again, normalised. */
  full: string
}

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/

/** Null when it is no reference: the kubelet reports InvalidImageName. */
export function parseImageRef(text: string): ImageRef | null {
  const at = text.indexOf('@')
  const digest = at < 0 ? '' : text.slice(at + 1)
  let rest = at < 0 ? text : text.slice(0, at)
  let tag = ''
  const colon = rest.lastIndexOf(':')
  if (colon > rest.lastIndexOf('/')) {
    tag = rest.slice(colon + 1)
    rest = rest.slice(0, colon)
    if (!TAG.test(tag)) return null
  }
  if (at >= 0 && !/^[a-z0-9]+:[0-9a-f]{32,}$/.test(digest)) return null
  const slash = rest.indexOf('/')
  const first = slash < 0 ? '' : rest.slice(0, slash)
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost'
  const registry = hasRegistry ? first : 'docker.io'
  let path = hasRegistry ? rest.slice(slash + 1) : rest
  if (!REPOSITORY.test(path)) return null
  if (registry === 'docker.io' && !path.includes('/')) path = `library/${path}`
  if (tag === '' && digest === '') tag = 'latest'
  const repository = `${registry}/${path}`
  return { repository, tag, digest, full: `${repository}${tag === '' ? '' : `:${tag}`}${digest === '' ? '' : `@${digest}`}` }
}
