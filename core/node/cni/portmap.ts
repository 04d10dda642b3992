/**
 * The `portmap` plugin: a container's hostPort as DNAT rules on the node.
 * Truth: github.com/containernetworking/plugins, plugins/meta/portmap (README "Rule structure", portmap_iptables.go).
 *
 * Omits: the nftables backend, conditionsV4, IPv6 rules, deleting conntrack entries of UDP ports.
 */
import { isV6, parsePrefix } from '../../net/addr/ip.ts'
import type { Iptables } from '../../net/netfilter/iptables/iptables.ts'
import { CNI_ERROR, type CniResult, type PortMapping, cniError } from './cni-types.ts'
import { chainHash } from './chain-hash.ts'
import { type CniPlugin, type CniRequest, cniProgram } from './plugin-program.ts'

const DNAT = 'CNI-HOSTPORT-DNAT'
const SETMARK = 'CNI-HOSTPORT-SETMARK'
const MASQ = 'CNI-HOSTPORT-MASQ'
/** Bit 13, as the plugin's default `markMasqBit`. */
const MARK = '0x2000/0x2000'
/** iptables takes at most 28 characters for a chain. */
const CHAIN_MAX = 28

const plugin: CniPlugin = {
  // biome-ignore lint/correctness/useYield: a plugin is a generator, this one never waits
  *add(request) {
    const previous = request.config.prevResult
    if (!previous) return cniError(CNI_ERROR.invalidConfig, 'must be called as chained plugin')
    const mappings = request.config.runtimeConfig?.portMappings ?? []
    const target = podAddress(previous)
    if (mappings.length === 0 || target === null) return previous
    const tables = request.proc.netns.netfilter.iptables('ipv4')
    removeRules(tables, request)
    const failed = tables.restore(rules(request, tables, mappings, target), { noflush: true, counters: false })
    if (failed) return cniError(CNI_ERROR.internal, `failed to set up port mappings: ${failed.message}`)
    return previous
  },

  // biome-ignore lint/correctness/useYield: as above
  *del(request) {
    removeRules(request.proc.netns.netfilter.iptables('ipv4'), request)
    return null
  },
}

export const portmap = cniProgram(plugin)

interface Target {
  ip: string
  subnet: string
}

function podAddress(result: CniResult): Target | null {
  for (const { address } of result.ips ?? []) {
    const prefix = parsePrefix(address)
    if (prefix && !isV6(prefix.addr)) return { ip: address.split('/')[0], subnet: address }
  }
  return null
}

function chainName(request: CniRequest): string {
  return `CNI-DN-${chainHash(`${request.config.name ?? ''}${request.containerId}`)}`.slice(0, CHAIN_MAX)
}

function rules(request: CniRequest, tables: Iptables, mappings: PortMapping[], target: Target): string {
  const chain = chainName(request)
  const lines = ['*nat', `:${chain} - [0:0]`]
  const saved = tables.save({ table: 'nat' })
  for (const name of [DNAT, SETMARK, MASQ]) if (!saved.includes(`:${name} `)) lines.push(`:${name} - [0:0]`)
  const once = (rule: string): void => {
    if (!saved.includes(`${rule}\n`)) lines.push(rule)
  }
  once(`-A ${SETMARK} -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark ${MARK}`)
  once(`-A ${MASQ} -m mark --mark ${MARK} -j MASQUERADE`)
  once(`-A PREROUTING -m addrtype --dst-type LOCAL -j ${DNAT}`)
  once(`-A OUTPUT -m addrtype --dst-type LOCAL -j ${DNAT}`)
  once(`-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j ${MASQ}`)
  for (const protocol of ['tcp', 'udp', 'sctp']) {
    const ports = mappings.filter((m) => m.protocol.toLowerCase() === protocol)
    if (ports.length === 0) continue
    const list = ports.map((m) => m.hostPort).join(',')
    lines.push(
      `-A ${DNAT} -p ${protocol} -m comment --comment ${comment(request)} -m multiport --dports ${list} -j ${chain}`,
    )
  }
  for (const m of mappings) {
    const protocol = m.protocol.toLowerCase()
    const match = `-p ${protocol} -m ${protocol} --dport ${m.hostPort}`
    const onHost = m.hostIP && m.hostIP !== '0.0.0.0' ? ` -d ${m.hostIP}/32` : ''
    // Hairpin and localhost need their source changed, or the answer would not come back this way.
    lines.push(`-A ${chain} -s ${target.subnet}${onHost} ${match} -j ${SETMARK}`)
    lines.push(`-A ${chain} -s 127.0.0.1/32${onHost} ${match} -j ${SETMARK}`)
    lines.push(`-A ${chain}${onHost} ${match} -j DNAT --to-destination ${target.ip}:${m.containerPort}`)
  }
  lines.push('COMMIT', '')
  return lines.join('\n')
}

function comment(request: CniRequest): string {
  return `"dnat name: \\"${request.config.name ?? ''}\\" id: \\"${request.containerId}\\""`
}

function removeRules(tables: Iptables, request: CniRequest): void {
  const chain = chainName(request)
  const saved = tables.save({ table: 'nat' })
  if (!saved.includes(`:${chain} `)) return
  const lines = ['*nat']
  for (const line of saved.split('\n')) if (line.startsWith(`-A ${DNAT} `) && line.endsWith(` -j ${chain}`)) lines.push(line.replace('-A', '-D'))
  lines.push(`-F ${chain}`, `-X ${chain}`, 'COMMIT', '')
  tables.restore(lines.join('\n'), { noflush: true })
}
