/**
 * The `flannel` meta plugin: reads what flanneld wrote to /run/flannel/subnet.env, makes a `bridge` configuration of it and
 * delegates. Truth: github.com/flannel-io/cni-plugin (README, flannel_linux.go).
 *
 * Omits: windows, IPv6 subnets, overriding of the delegate's ipam.
 */
import { formatPrefix, networkOf, parsePrefix } from '../../net/addr/ip.ts'
import { CNI_ERROR, CNI_STATE_DIR, type CniError, type PluginConfig, cniError, isCniError } from './cni-types.ts'
import { delegate } from './delegate.ts'
import { type CniPlugin, type CniRequest, cniProgram } from './plugin-program.ts'
import { readText } from './read-text.ts'

const SUBNET_FILE = '/run/flannel/subnet.env'
const STATE_DIR = `${CNI_STATE_DIR}/flannel`

interface FlannelConfig extends PluginConfig {
  subnetFile?: string
  delegate?: { [key: string]: unknown }
}

const plugin: CniPlugin = {
  *add(request) {
    const made = delegateConfig(request)
    if (isCniError(made)) return made
    const text = JSON.stringify(made)
    request.proc.fs.mkdir(STATE_DIR, { parents: true })
    request.proc.fs.write(`${STATE_DIR}/${request.containerId}`, text)
    const result = yield* delegate(request, String(made.type), 'ADD', text)
    return result ?? cniError(CNI_ERROR.internal, `the delegate ${String(made.type)} gave no result`)
  },

  *del(request) {
    // What ADD remembered counts, not what subnet.env says today.
    const path = `${STATE_DIR}/${request.containerId}`
    const text = readText(request.proc.fs, path)
    if (text === null) return null
    const made = JSON.parse(text) as PluginConfig
    const freed = yield* delegate(request, made.type, 'DEL', text)
    if (isCniError(freed)) return freed
    request.proc.fs.remove(path)
    return null
  },
}

export const flannelPlugin = cniProgram(plugin)

function delegateConfig(request: CniRequest): PluginConfig | CniError {
  const config = request.config as FlannelConfig
  const path = config.subnetFile ?? SUBNET_FILE
  const text = readText(request.proc.fs, path)
  if (text === null) return cniError(CNI_ERROR.internal, `loadFlannelSubnetEnv failed: open ${path}: no such file or directory`)
  const env = new Map<string, string>()
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0) env.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim())
  }
  for (const name of ['FLANNEL_SUBNET', 'FLANNEL_MTU', 'FLANNEL_NETWORK']) {
    if (!env.get(name)) return cniError(CNI_ERROR.internal, `loadFlannelSubnetEnv failed: ${path} is missing ${name}`)
  }
  return {
    hairpinMode: true,
    isGateway: true,
    ipMasq: env.get('FLANNEL_IPMASQ') !== 'true',
    mtu: Number(env.get('FLANNEL_MTU')),
    ...config.delegate,
    name: config.name,
    cniVersion: config.cniVersion,
    type: String(config.delegate?.type ?? 'bridge'),
    ipam: {
      type: 'host-local',
      ranges: [[{ subnet: networkText(env.get('FLANNEL_SUBNET') as string) }]],
      routes: [{ dst: env.get('FLANNEL_NETWORK') as string }],
    },
  }
}

/** `10.244.1.1/24` → `10.244.1.0/24` */
function networkText(subnet: string): string {
  const prefix = parsePrefix(subnet)
  return prefix ? formatPrefix(networkOf(prefix.addr, prefix.length)) : subnet
}
