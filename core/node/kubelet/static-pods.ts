/**
 * Pods out of the node's manifest directory: they run whether or not the API server is there, and show themselves in it as
 * mirror pods. Truth: docs "Create static Pods", pkg/kubelet/config/file.go, pod/mirror_client.go.
 *
 * Omits: manifests over HTTP.
 */
import type { ApiServer } from '../../api/server/api-server.ts'
import { isStatusError } from '../../api/meta/status.ts'
import type { ApiClient } from '../../api/client/api-client.ts'
import type { Node, Pod } from '../../api/types/index.ts'
import { readYaml } from '../../base/yaml-gate.ts'
import { isErrno } from '../../base/errno.ts'
import type { Machine } from '../../linux/machine.ts'
import { chainHash } from '../cni/chain-hash.ts'

export const MANIFEST_DIR = '/etc/kubernetes/manifests'
const CONFIG_HASH = 'kubernetes.io/config.hash'
const MIRROR = 'kubernetes.io/config.mirror'

/** The pods that the directory describes now, by name; files that say no pod are passed over. */
export function readStaticPods(machine: Machine, nodeName: string, server: ApiServer): Map<string, Pod> {
  const pods = new Map<string, Pod>()
  const names = machine.fs.list(MANIFEST_DIR)
  if (isErrno(names)) return pods
  for (const name of names) {
    if (name.startsWith('.') || !/\.(ya?ml|json|manifest)$/.test(name)) continue
    const text = machine.fs.read(`${MANIFEST_DIR}/${name}`)
    const yaml = readYaml(text)
    if ('error' in yaml) continue
    for (const document of yaml.documents) {
      const pod = staticPod(document.value, text, nodeName, server)
      if (pod) pods.set(pod.metadata.name, pod)
    }
  }
  return pods
}

function staticPod(value: unknown, text: string, nodeName: string, server: ApiServer): Pod | null {
  if (typeof value !== 'object' || value === null || (value as Pod).kind !== 'Pod') return null
  const written = structuredCopy(value) as Pod
  if (!written.metadata?.name || !written.spec?.containers) return null
  const hash = chainHash(`${nodeName}\n${text}`)
  const pod: Pod = {
    ...written,
    metadata: {
      ...written.metadata,
      name: `${written.metadata.name}-${nodeName}`,
      namespace: written.metadata.namespace ?? 'default',
      uid: hash,
      annotations: {
        ...written.metadata.annotations,
        [CONFIG_HASH]: hash, 'kubernetes.io/config.source': 'file',
      },
    },
    spec: { ...written.spec, nodeName, tolerations: [...(written.spec.tolerations ?? []), { effect: 'NoExecute', operator: 'Exists' }] },
    status: {},
  }
  server.definition('pods')?.defaults?.(pod)
  return pod
}

/** Makes the mirror of a static pod, or renews the one that mirrors an older manifest. */
export function mirror(client: ApiClient, pod: Pod, nodeName: string): void {
  const { name, namespace = 'default', annotations } = pod.metadata
  try {
    const old = client.find<Pod>('pods', namespace, name)
    const hash = annotations?.[CONFIG_HASH] ?? ''
    if (old?.metadata.annotations?.[MIRROR] === hash) return
    if (old) client.delete('pods', namespace, name, { gracePeriodSeconds: 0 })
    const node = client.find<Node>('nodes', '', nodeName)
    client.create<Pod>('pods', namespace, {
      ...pod,
      metadata: {
        name, namespace, labels: pod.metadata.labels, annotations: { ...annotations, [MIRROR]: hash },
        ...(node ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid ?? '', controller: true }] } : {}),
      },
    })
  } catch (error) {
    if (!isStatusError(error)) throw error
  }
}

export function isMirror(pod: Pod): boolean {
  return pod.metadata.annotations?.[MIRROR] !== undefined
}

export function removeMirror(client: ApiClient, pod: Pod): void {
  try {
    client.delete('pods', pod.metadata.namespace ?? 'default', pod.metadata.name, { gracePeriodSeconds: 0 })
  } catch (error) {
    if (!isStatusError(error)) throw error
  }
}

function structuredCopy(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown
}
