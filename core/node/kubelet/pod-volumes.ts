/**
 * A pod's volumes as file systems that its containers mount. Texts of failures are those of FailedMount events.
 * Truth: pkg/volume/*, pkg/kubelet/volumemanager.
 *
 * Every pod has the files of its service account, though no `kube-api-access` volume in its spec says so: nobody authenticates here.
 *
 * Omits: sizes, file modes, the `..data` links of atomic updates, CSI and cloud volumes (each is an empty directory),
 * expiry of service account tokens.
 */
import type { Pod, Volume, PersistentVolume, PersistentVolumeClaim, DownwardFile, KeyToPath, VolumeMount } from '../../api/types/index.ts'
import type { ApiClient } from '../../api/client/api-client.ts'
import { isStatusError } from '../../api/meta/status.ts'
import { isErrno } from '../../base/errno.ts'
import { FileSystem } from '../../linux/file-system.ts'
import type { Machine } from '../../linux/machine.ts'
import { fieldValue, resourceValue } from './downward.ts'
import { type KeyValues, podObjects } from './pod-objects.ts'
import { expandVariables } from './pod-env.ts'

const PV_DIR = '/var/lib/vethlab/volumes'
/** Where every container finds who it is (plugin/pkg/admission/serviceaccount, DefaultAPITokenMountPath). */
export const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount'

export class PodVolumes {
  readonly #machine: Machine
  readonly #client: ApiClient
  readonly #allocatable: ReadonlyMap<string, string>
  readonly #mounted = new Map<string, FileSystem>()
  #serviceAccount: FileSystem | null = null

  constructor(machine: Machine, client: ApiClient, allocatable: ReadonlyMap<string, string>) {
    this.#machine = machine
    this.#client = client
    this.#allocatable = allocatable
  }

  /** Mounts what is not mounted yet, and brings projected files up to date. A text is why a volume cannot be set up. */
  setUp(pod: Pod): string | null {
    for (const volume of pod.spec.volumes ?? []) {
      const failed = this.#setUpOne(pod, volume)
      if (failed !== null) return `MountVolume.SetUp failed for volume "${volume.name}" : ${failed}`
    }
    return null
  }

  /** What a container sees at a mount; a text is why it cannot. */
  mount(mount: VolumeMount, env: ReadonlyMap<string, string>): FileSystem | string {
    const volume = this.#mounted.get(mount.name)
    if (!volume) return `volume "${mount.name}" is not mounted`
    const sub = mount.subPathExpr ? expandVariables(mount.subPathExpr, (name) => env.get(name)) : (mount.subPath ?? '')
    if (sub === '') return volume
    const path = `/${sub}`
    if (!volume.exists(path)) volume.mkdir(path, { parents: true })
    const part = volume.subtree(path)
    return isErrno(part) ? `failed to prepare subPath for volumeMount "${mount.name}"` : part
  }

  /** The directory of `SERVICE_ACCOUNT_DIR`; null for pods that do not want it. */
  serviceAccount(pod: Pod): FileSystem | null {
    if (pod.spec.automountServiceAccountToken === false) return null
    if (!this.#serviceAccount) {
      this.#serviceAccount = new FileSystem(() => this.#machine.world.clock.nowUs)
      writeFiles(this.#serviceAccount, new Map([['ca.crt', ''], ['namespace', pod.metadata.namespace ?? 'default'], ['token', tokenText(pod)]]))
    }
    return this.#serviceAccount
  }

  #setUpOne(pod: Pod, volume: Volume): string | null {
    try {
      return this.#setUpFrom(pod, volume)
    } catch (error) {
      if (!isStatusError(error)) throw error
      // What is mounted already stays as it was.
      return this.#mounted.has(volume.name) ? null : error.message
    }
  }

  #setUpFrom(pod: Pod, volume: Volume): string | null {
    if (volume.hostPath) return this.#hostPath(volume, volume.hostPath.path, volume.hostPath.type ?? '')
    if (volume.persistentVolumeClaim) return this.#claim(pod, volume, volume.persistentVolumeClaim.claimName)
    const files = this.#files(pod, volume)
    if (typeof files === 'string') return files
    const fs = this.#mounted.get(volume.name) ?? new FileSystem(() => this.#machine.world.clock.nowUs)
    this.#mounted.set(volume.name, fs)
    if (files) writeFiles(fs, files)
    return null
  }

  /** The files of a volume that is made of objects; null for one that begins empty; a text when something is missing. */
  #files(pod: Pod, volume: Volume): KeyValues | string | null {
    const namespace = pod.metadata.namespace ?? 'default'
    const objects = podObjects(this.#client)
    const chosen = (kind: 'configmap' | 'secret', name: string, items: KeyToPath[] | undefined, optional: boolean): KeyValues | string => {
      const values = kind === 'configmap' ? objects.configMap(namespace, name) : objects.secret(namespace, name)
      if (!values) return optional ? new Map() : `${kind} "${name}" not found`
      if (!items) return values
      const picked: KeyValues = new Map()
      for (const { key, path } of items) {
        const value = values.get(key)
        if (value !== undefined) picked.set(path, value)
        else if (!optional) return `references non-existent ${kind === 'configmap' ? 'config' : 'secret'} key: ${key}`
      }
      return picked
    }
    const downward = (items: DownwardFile[] | undefined): KeyValues => {
      const files: KeyValues = new Map()
      for (const item of items ?? []) {
        const value = item.fieldRef ? fieldValue(pod, item.fieldRef.fieldPath)
          : item.resourceFieldRef ? resourceValue(pod, '', item.resourceFieldRef, this.#allocatable) : ''
        files.set(item.path, value ?? '')
      }
      return files
    }
    if (volume.configMap) return chosen('configmap', volume.configMap.name ?? '', volume.configMap.items, volume.configMap.optional === true)
    if (volume.secret) return chosen('secret', volume.secret.secretName ?? '', volume.secret.items, volume.secret.optional === true)
    if (volume.downwardAPI) return downward(volume.downwardAPI.items)
    if (!volume.projected) return null
    const all: KeyValues = new Map()
    for (const source of volume.projected.sources ?? []) {
      let part: KeyValues | string = new Map()
      if (source.configMap) part = this.#projectedConfigMap(chosen, source.configMap)
      else if (source.secret) part = chosen('secret', source.secret.name ?? '', source.secret.items, source.secret.optional === true)
      else if (source.downwardAPI) part = downward(source.downwardAPI.items)
      else if (source.serviceAccountToken) part = new Map([[source.serviceAccountToken.path, tokenText(pod)]])
      if (typeof part === 'string') return part
      for (const [path, text] of part) all.set(path, text)
    }
    return all
  }

  /** The root certificate is no secret and no controller here need publish it: a missing one is an empty file. */
  #projectedConfigMap(
    chosen: (kind: 'configmap', name: string, items: KeyToPath[] | undefined, optional: boolean) => KeyValues | string,
    source: { name?: string; items?: KeyToPath[]; optional?: boolean },
  ): KeyValues | string {
    return chosen('configmap', source.name ?? '', source.items, source.optional === true || source.name === 'kube-root-ca.crt')
  }

  #hostPath(volume: Volume, path: string, type: string): string | null {
    const fs = this.#machine.fs
    const exists = fs.exists(path)
    const directory = fs.isDirectory(path)
    if (type === 'Directory' && !directory) return `hostPath type check failed: ${path} is not a directory`
    if (type === 'File' && (!exists || directory)) return `hostPath type check failed: ${path} is not a file`
    if (type === 'Socket' || type === 'CharDevice' || type === 'BlockDevice') return `hostPath type check failed: ${path} is not a ${type}`
    if (!exists) {
      if (type === 'FileOrCreate') fs.write(path, '')
      else fs.mkdir(path, { parents: true })
    }
    const part = fs.subtree(path)
    if (isErrno(part)) return `hostPath ${path} cannot be opened`
    this.#mounted.set(volume.name, part)
    return null
  }

  #claim(pod: Pod, volume: Volume, claimName: string): string | null {
    const namespace = pod.metadata.namespace ?? 'default'
    const claim = this.#client.find<PersistentVolumeClaim>('persistentvolumeclaims', namespace, claimName)
    if (!claim) return `persistentvolumeclaim "${claimName}" not found`
    const name = claim.spec.volumeName
    if (!name) return `persistentvolumeclaim "${claimName}" is not bound`
    const found = this.#client.find<PersistentVolume>('persistentvolumes', '', name)
    const path = found?.spec.hostPath?.path ?? `${PV_DIR}/${name}`
    return this.#hostPath(volume, path, 'DirectoryOrCreate')
  }
}

function writeFiles(fs: FileSystem, files: KeyValues): void {
  for (const [path, text] of files) {
    const slash = path.lastIndexOf('/')
    if (slash > 0) fs.mkdir(`/${path.slice(0, slash)}`, { parents: true })
    if (!fs.exists(`/${path}`) || fs.read(`/${path}`) !== text) fs.write(`/${path}`, text)
  }
}

/** Recognisable, and valid nowhere: requests are not authenticated here. */
function tokenText(pod: Pod): string {
  return `vethlab.${pod.metadata.namespace}.${pod.spec.serviceAccountName ?? 'default'}.${pod.metadata.uid}`
}
