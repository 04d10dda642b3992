/** The plugins that the `kubernetes-cni` package puts into /opt/cni/bin, and flannel's own. */
import type { FileSystem } from '../../linux/file-system.ts'
import type { Executable } from '../../linux/program.ts'
import { bridge } from './bridge.ts'
import { CNI_BIN_DIR } from './cni-types.ts'
import { flannelPlugin } from './flannel-plugin.ts'
import { hostLocal } from './host-local.ts'
import { loopback } from './loopback.ts'
import { portmap } from './portmap.ts'
import { ptp } from './ptp.ts'

export const CNI_PLUGINS: readonly [name: string, executable: Executable][] = [
  ['bridge', bridge], ['host-local', hostLocal], ['loopback', loopback], ['portmap', portmap], ['ptp', ptp],
]

/** Installed by flannel's `install-cni-plugin` init container, as upstream does. */
export const FLANNEL_PLUGIN: Executable = flannelPlugin

export function installCniPlugins(fs: FileSystem): void {
  for (const [name, executable] of CNI_PLUGINS) fs.install(`${CNI_BIN_DIR}/${name}`, executable)
}
