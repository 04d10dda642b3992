/**
 * flannel's iptables rules: forward everything of the pod network, masquerade what leaves it.
 * Truth: github.com/flannel-io/flannel pkg/trafficmngr/iptables (getRules), as the reference clusters of this project have them.
 */
import type { NetNamespace } from '../../net/net-namespace.ts'

/** Where the chain's makers are looked up: shown beside its rules. */
export interface RuleOwner {
  object: string
  by: string
}

/** Flushes flannel's own chains and fills them; jumps are added once. */
export function applyFlannelRules(ns: NetNamespace, network: string, subnet: string, owner: RuleOwner): string | null {
  const tables = ns.netfilter.iptables('ipv4')
  const masq = '-m comment --comment "flanneld masq"'
  const forward = '-m comment --comment "flanneld forward"'
  const saved = tables.save()
  const once = (rule: string): string[] => (saved.includes(`${rule}\n`) ? [] : [rule])
  const text = [
    '*filter',
    ':FLANNEL-FWD - [0:0]',
    '-F FLANNEL-FWD',
    ...once(`-A FORWARD ${forward} -j FLANNEL-FWD`),
    `-A FLANNEL-FWD -s ${network} ${forward} -j ACCEPT`,
    `-A FLANNEL-FWD -d ${network} ${forward} -j ACCEPT`,
    'COMMIT',
    '*nat',
    ':FLANNEL-POSTRTG - [0:0]',
    '-F FLANNEL-POSTRTG',
    ...once(`-A POSTROUTING ${masq} -j FLANNEL-POSTRTG`),
    `-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 ${masq} -j RETURN`,
    `-A FLANNEL-POSTRTG -s ${subnet} -d ${network} ${masq} -j RETURN`,
    `-A FLANNEL-POSTRTG -s ${network} -d ${subnet} ${masq} -j RETURN`,
    `-A FLANNEL-POSTRTG ! -s ${network} -d ${subnet} ${masq} -j RETURN`,
    `-A FLANNEL-POSTRTG -s ${network} ! -d 224.0.0.0/4 ${masq} -j MASQUERADE --random-fully`,
    `-A FLANNEL-POSTRTG ! -s ${network} -d ${network} ${masq} -j MASQUERADE --random-fully`,
    'COMMIT',
    '',
  ].join('\n')
  const failed = tables.restore(text, { noflush: true })
  if (failed) return failed.message
  tables.origin('filter', 'FLANNEL-FWD', owner.object, owner.by)
  tables.origin('nat', 'FLANNEL-POSTRTG', owner.object, owner.by)
  return null
}
