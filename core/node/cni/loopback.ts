/** The `loopback` plugin: brings `lo` up in the pod (plugins/main/loopback). The container runtime calls it by itself. */
import { CNI_VERSION } from './cni-types.ts'
import { type CniPlugin, cniProgram } from './plugin-program.ts'
import { syscallError } from './pod-link.ts'

const plugin: CniPlugin = {
  // biome-ignore lint/correctness/useYield: a plugin is a generator, this one never waits
  *add(request) {
    const lo = request.netns?.link('lo')
    if (request.netns && lo && !lo.up) {
      const error = request.netns.setLink(lo, { up: true })
      if (error) return syscallError('failed to set lo up', error)
    }
    return {
      cniVersion: CNI_VERSION,
      interfaces: [{ name: 'lo', mac: '00:00:00:00:00:00', sandbox: request.netnsPath }],
      ips: [{ interface: 0, address: '127.0.0.1/8' }],
      dns: {},
    }
  },

  // biome-ignore lint/correctness/useYield: as above
  *del() {
    return null
  },
}

export const loopback = cniProgram(plugin)
