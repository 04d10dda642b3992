/**
 * The words of the Container Network Interface: configuration, result, error. Truth: CNI spec 1.0.0 (SPEC.md), the plugins'
 * own README files, and the error numbers of "Section 5: Error".
 *
 * Omits: the GC and STATUS verbs of CNI 1.1, DNS results.
 */
export const CNI_VERSION = '1.0.0'
export const CNI_CONF_DIR = '/etc/cni/net.d'
export const CNI_BIN_DIR = '/opt/cni/bin'
export const CNI_STATE_DIR = '/var/lib/cni'

export interface CniRoute {
  dst: string
  gw?: string
}

export interface CniInterface {
  name: string
  mac?: string
  mtu?: number
  sandbox?: string
}

export interface CniAddress {
  interface?: number
  address: string
  gateway?: string
}

export interface CniResult {
  cniVersion: string
  interfaces?: CniInterface[]
  ips?: CniAddress[]
  routes?: CniRoute[]
  dns?: unknown
}

export interface CniError {
  cniVersion: string
  code: number
  msg: string
  details?: string
}

export interface PortMapping {
  hostPort: number
  containerPort: number
  protocol: string
  hostIP?: string
}

/** One plugin's entry of a configuration list, as it arrives on standard input: unknown keys pass through. */
export interface PluginConfig {
  cniVersion?: string
  name?: string
  type: string
  ipam?: IpamConfig
  prevResult?: CniResult
  capabilities?: { [capability: string]: boolean }
  runtimeConfig?: { portMappings?: PortMapping[] }
  [key: string]: unknown
}

export interface IpamConfig {
  type?: string
  subnet?: string
  rangeStart?: string
  rangeEnd?: string
  gateway?: string
  ranges?: IpRange[][]
  routes?: CniRoute[]
  dataDir?: string
}

export interface IpRange {
  subnet: string
  rangeStart?: string
  rangeEnd?: string
  gateway?: string
}

export interface NetworkList {
  cniVersion: string
  name: string
  disableCheck?: boolean
  plugins: PluginConfig[]
}

/** Error numbers of the specification. */
export const CNI_ERROR = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  ioFailure: 5,
  decodingFailure: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  /** "Error codes 100 and up are plugin-specific"; the Go skeleton answers 999 for everything else. */
  internal: 999,
} as const

export function cniError(code: number, msg: string): CniError {
  return { cniVersion: CNI_VERSION, code, msg }
}

export function isCniError(value: unknown): value is CniError {
  return typeof value === 'object' && value !== null && 'code' in value && 'msg' in value
}
