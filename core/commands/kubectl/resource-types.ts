/**
 * What kubectl knows of the server's resources: turns `po`, `pods`, `Deployment`, `deployments.v1.apps`, `all` into definitions.
 *
 * Truth: client-go's RESTMapper (priority, shortcut and category expanders) over discovery.
 */
import type { ApiServer } from '../../api/server/api-server.ts'
import type { ResourceDefinition } from '../../api/registry/definition.ts'
import { byText } from '../../base/text-order.ts'
import { KubectlError } from './kubectl-error.ts'

/** Groups in the order of the server's discovery. */
const GROUP_ORDER = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

export class ResourceTypes {
  readonly all: readonly ResourceDefinition[]

  constructor(server: ApiServer) {
    this.all = [...server.registry].sort(
      (a, b) => groupRank(a.group) - groupRank(b.group) || byText(a.group, b.group) || byText(a.plural, b.plural),
    )
  }

  /** `kubectl get TEXT`: a type that the server does not have is an error. */
  require(text: string): ResourceDefinition {
    const found = this.find(text)
    if (found) return found
    throw new KubectlError(`the server doesn't have a resource type "${text.split('.')[0]}"`)
  }

  find(text: string): ResourceDefinition | undefined {
    const lower = text.toLowerCase()
    const dot = lower.indexOf('.')
    const bare = dot < 0 ? lower : lower.slice(0, dot)
    const qualifier = dot < 0 ? '' : lower.slice(dot + 1)
    const named = this.all.filter((each) => each.plural === bare || each.singular === bare || each.shortNames.includes(bare))
    if (qualifier === '') return named[0]
    return (
      named.find((each) => each.group === qualifier) ??
      named.find((each) => `${each.version}.${each.group}` === qualifier || (each.group === '' && each.version === qualifier)) ??
      named.find((each) => each.group.startsWith(`${qualifier}.`)) ??
      named.find((each) => each.otherVersions.some((other) => `${other.version}.${other.group}` === qualifier))
    )
  }

  /** A category such as `all`, in the order of discovery. */
  category(text: string): ResourceDefinition[] {
    return this.all.filter((each) => each.categories.includes(text))
  }

  /** `pods,svc,all` */
  expand(text: string): ResourceDefinition[] {
    const found: ResourceDefinition[] = []
    for (const part of text.split(',')) {
      if (part === '') continue
      const members = this.category(part)
      for (const each of members.length > 0 ? members : [this.require(part)]) if (!found.includes(each)) found.push(each)
    }
    return found
  }
}

function groupRank(group: string): number {
  const rank = GROUP_ORDER.indexOf(group)
  return rank < 0 ? GROUP_ORDER.length : rank
}

/** `deployment.apps`: how messages name a type. */
export function typeName(definition: { kind: string; group: string }): string {
  const kind = definition.kind.toLowerCase()
  return definition.group === '' ? kind : `${kind}.${definition.group}`
}
