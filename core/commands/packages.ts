/**
 * Which package puts which program where, by the names of Debian's packages; `busybox` stands for its applets, which take the
 * place of the separate tools in small images.
 */
import type { FileSystem } from '../linux/file-system.ts'
import type { Executable } from '../linux/program.ts'
import { arp, ifconfig, route } from './net-tools/ifconfig.ts'
import { bridge } from './bridge/bridge.ts'
import { conntrack } from './conntrack/conntrack.ts'
import { curl } from './curl/curl.ts'
import { dig } from './dns/dig.ts'
import { getent } from './dns/getent.ts'
import { host } from './dns/host.ts'
import { busyboxNslookup, nslookup } from './dns/nslookup.ts'
import { cat, nl, rev, tac } from './coreutils/cat.ts'
import { chmod, chown, cp, ln, mkdir, mv, rm, rmdir, touch } from './coreutils/files.ts'
import { head, tail } from './coreutils/head.ts'
import { ls } from './coreutils/ls.ts'
import { sort, uniq } from './coreutils/sort.ts'
import * as system from './coreutils/system.ts'
import { cut, tee, tr, wc } from './coreutils/text.ts'
import * as words from './coreutils/words.ts'
import { find } from './find/find.ts'
import { xargs } from './find/xargs.ts'
import { grep } from './grep/grep.ts'
import { awk } from './awk/awk.ts'
import { arping } from './arping/arping.ts'
import { base64, md5sum, sha1sum, sha256sum } from './checksum/checksum.ts'
import { diff } from './diff/diff.ts'
import { ethtool } from './ethtool/ethtool.ts'
import { ip } from './ip/ip.ts'
import { ip6tables, ip6tablesRestore, ip6tablesSave, iptables, iptablesRestore, iptablesSave } from './iptables/iptables.ts'
import { nc } from './netcat/nc.ts'
import { nsenter } from './nsenter/nsenter.ts'
import { busyboxPing, ping } from './ping/ping.ts'
import { netstat } from './sockets/netstat.ts'
import { ss } from './sockets/ss.ts'
import { kill, killall, pgrep, pidof, pkill } from './process/kill.ts'
import { df, dmesg, free, mount } from './process/machine-state.ts'
import { busyboxPs, ps, top } from './process/ps.ts'
import { runner, time, timeout, watch } from './process/run.ts'
import { sed } from './sed/sed.ts'
import { ssh } from './ssh/ssh.ts'
import { du, file, stat, tree } from './coreutils/stat.ts'
import { sysctl } from './sysctl/sysctl.ts'
import { tcpdump } from './tcpdump/tcpdump.ts'
import { tracepath } from './traceroute/tracepath.ts'
import { traceroute } from './traceroute/traceroute.ts'
import { busyboxWget, wget } from './wget/wget.ts'

type Entry = readonly [path: string, executable: Executable]

const TEXT_AND_FILES: readonly Entry[] = [
  ['/bin/cat', cat], ['/bin/ls', ls], ['/bin/cp', cp], ['/bin/mv', mv], ['/bin/rm', rm], ['/bin/mkdir', mkdir], ['/bin/rmdir', rmdir],
  ['/bin/touch', touch], ['/bin/ln', ln], ['/bin/chmod', chmod], ['/bin/chown', chown], ['/bin/chgrp', chown], ['/bin/echo', words.echo],
  ['/usr/bin/printf', words.printf], ['/usr/bin/head', head], ['/usr/bin/tail', tail], ['/usr/bin/wc', wc], ['/usr/bin/sort', sort],
  ['/usr/bin/uniq', uniq], ['/usr/bin/cut', cut], ['/usr/bin/tr', tr], ['/usr/bin/tee', tee], ['/usr/bin/seq', words.seq],
  ['/bin/sleep', system.sleep], ['/bin/date', system.date], ['/usr/bin/env', system.env], ['/usr/bin/printenv', system.printenv],
  ['/usr/bin/id', system.id], ['/usr/bin/whoami', system.rootName], ['/usr/bin/groups', system.rootName], ['/bin/hostname', system.hostname],
  ['/bin/uname', system.uname], ['/usr/bin/basename', words.basename], ['/usr/bin/dirname', words.dirname], ['/bin/readlink', words.readlink],
  ['/usr/bin/realpath', words.realpath], ['/bin/true', system.succeed], ['/bin/false', system.fail], ['/bin/sync', system.succeed],
  ['/usr/bin/yes', words.yes], ['/usr/bin/nl', nl], ['/usr/bin/tac', tac], ['/usr/bin/rev', rev], ['/usr/bin/nproc', system.nproc],
  ['/bin/pwd', system.pwd], ['/usr/bin/tty', system.tty], ['/usr/bin/test', system.test], ['/usr/bin/[', system.test],
  ['/usr/bin/clear', system.clear], ['/usr/bin/which', system.which], ['/usr/bin/uptime', system.uptime], ['/usr/bin/find', find],
  ['/usr/bin/xargs', xargs], ['/bin/grep', grep()], ['/bin/egrep', grep('E')], ['/bin/fgrep', grep('F')],
  ['/usr/bin/getent', getent], ['/bin/sed', sed], ['/usr/bin/awk', awk], ['/usr/bin/diff', diff], ['/usr/bin/base64', base64],
  ['/usr/bin/md5sum', md5sum], ['/usr/bin/sha1sum', sha1sum], ['/usr/bin/sha256sum', sha256sum], ['/usr/bin/stat', stat],
  ['/usr/bin/du', du], ['/usr/bin/file', file], ['/usr/bin/tree', tree], ['/bin/df', df], ['/bin/mount', mount], ['/bin/dmesg', dmesg],
  ['/bin/kill', kill], ['/usr/bin/killall', killall], ['/usr/bin/pgrep', pgrep], ['/usr/bin/pkill', pkill], ['/bin/pidof', pidof],
  ['/usr/bin/free', free], ['/usr/bin/top', top], ['/usr/bin/timeout', timeout], ['/usr/bin/time', time], ['/usr/bin/watch', watch],
  ['/usr/bin/nohup', runner], ['/usr/bin/nice', runner], ['/usr/bin/stdbuf', runner], ['/usr/bin/setsid', runner],
  ['/sbin/sysctl', sysctl], ['/usr/bin/nsenter', nsenter],
]

const IPROUTE2: readonly Entry[] = [
  ['/usr/sbin/ip', ip], ['/sbin/ip', ip], ['/usr/sbin/bridge', bridge], ['/sbin/bridge', bridge], ['/usr/bin/ss', ss], ['/bin/ss', ss],
]

const IPTABLES: readonly Entry[] = [
  ['/usr/sbin/iptables', iptables], ['/usr/sbin/ip6tables', ip6tables], ['/usr/sbin/iptables-save', iptablesSave],
  ['/usr/sbin/ip6tables-save', ip6tablesSave], ['/usr/sbin/iptables-restore', iptablesRestore], ['/usr/sbin/ip6tables-restore', ip6tablesRestore],
  ['/usr/sbin/iptables-nft', iptables], ['/usr/sbin/iptables-legacy', iptables], ['/usr/sbin/iptables-legacy-save', iptablesSave],
]

const NET_TOOLS: readonly Entry[] = [
  ['/usr/sbin/ifconfig', ifconfig], ['/usr/sbin/route', route], ['/usr/sbin/arp', arp], ['/usr/bin/netstat', netstat],
]

const NETCAT: readonly Entry[] = [['/usr/bin/nc', nc], ['/usr/bin/netcat', nc], ['/bin/nc', nc]]

/** Applets of busybox that are not spelled like the GNU tools. */
const BUSYBOX_NETWORK: readonly Entry[] = [
  ['/bin/ping', busyboxPing], ['/bin/ping6', busyboxPing], ['/usr/bin/nslookup', busyboxNslookup], ['/sbin/ip', ip], ['/sbin/ifconfig', ifconfig],
  ['/sbin/route', route], ['/sbin/arp', arp], ['/bin/netstat', netstat], ['/usr/bin/nc', nc], ['/usr/bin/wget', busyboxWget],
  ['/bin/ps', busyboxPs], ['/usr/bin/traceroute', traceroute('busybox')], ['/usr/sbin/arping', arping('busybox')],
]

export const PACKAGES: Readonly<Record<string, readonly Entry[]>> = {
  coreutils: TEXT_AND_FILES,
  busybox: [...TEXT_AND_FILES, ...BUSYBOX_NETWORK],
  iproute2: IPROUTE2,
  iptables: IPTABLES,
  conntrack: [['/usr/sbin/conntrack', conntrack]],
  'openssh-client': [['/usr/bin/ssh', ssh]],
  procps: [['/bin/ps', ps]],
  wget: [['/usr/bin/wget', wget]],
  tcpdump: [['/usr/sbin/tcpdump', tcpdump], ['/usr/bin/tcpdump', tcpdump]],
  traceroute: [['/usr/bin/traceroute', traceroute()]],
  ethtool: [['/usr/sbin/ethtool', ethtool]],
  arping: [['/usr/sbin/arping', arping()]],
  iputils: [['/usr/bin/tracepath', tracepath], ['/usr/bin/ping', ping], ['/bin/ping', ping]],
  curl: [['/usr/bin/curl', curl]],
  dnsutils: [['/usr/bin/dig', dig], ['/usr/bin/nslookup', nslookup], ['/usr/bin/host', host]],
  'net-tools': NET_TOOLS,
  netcat: NETCAT,
}

/** Puts the programs of the named packages in place; later packages replace files of earlier ones. Unknown names are ignored. */
export function installPackages(fs: FileSystem, names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(PACKAGES, name)) continue
    for (const [path, executable] of PACKAGES[name]) fs.install(path, executable)
  }
}
