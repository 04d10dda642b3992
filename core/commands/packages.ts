/**
 * Which package puts which program where, by the names of Debian's packages; `busybox` stands for its applets, which take the
 * place of the separate tools in small images.
 */
import type { FileSystem } from '../linux/file-system.ts'
import type { Executable } from '../linux/program.ts'
import { arping } from './arping/arping.ts'
import { awk } from './awk/awk.ts'
import { bridge } from './bridge/bridge.ts'
import { base64, md5sum, sha1sum, sha256sum } from './checksum/checksum.ts'
import { busybox } from './busybox/busybox.ts'
import { conntrack } from './conntrack/conntrack.ts'
import { cat, nl, rev, tac } from './coreutils/cat.ts'
import { chmod, chown, cp, ln, mkdir, mv, rm, rmdir, touch } from './coreutils/files.ts'
import { head, tail } from './coreutils/head.ts'
import { ls } from './coreutils/ls.ts'
import { comm, fold, paste, shuf } from './coreutils/side-by-side.ts'
import { sort, uniq } from './coreutils/sort.ts'
import { expr } from './coreutils/expr.ts'
import { du, file, stat, tree } from './coreutils/stat.ts'
import * as system from './coreutils/system.ts'
import { cut, tee, tr, wc } from './coreutils/text.ts'
import * as words from './coreutils/words.ts'
import { curl } from './curl/curl.ts'
import { diff } from './diff/diff.ts'
import { dig } from './dns/dig.ts'
import { getent } from './dns/getent.ts'
import { host } from './dns/host.ts'
import { busyboxNslookup, nslookup } from './dns/nslookup.ts'
import { editor } from './editor/editor.ts'
import { ethtool } from './ethtool/ethtool.ts'
import { find } from './find/find.ts'
import { xargs } from './find/xargs.ts'
import { grep } from './grep/grep.ts'
import { ip } from './ip/ip.ts'
import { ip6tables, ip6tablesRestore, ip6tablesSave, iptables, iptablesRestore, iptablesSave } from './iptables/iptables.ts'
import { jq } from './jq/jq.ts'
import { man } from './man/man.ts'
import { arp, ifconfig, route } from './net-tools/ifconfig.ts'
import { busyboxNc, nc } from './netcat/nc.ts'
import { nsenter } from './nsenter/nsenter.ts'
import { less } from './pager/less.ts'
import { busyboxPing, ping } from './ping/ping.ts'
import { kill, killall, pgrep, pidof, pkill } from './process/kill.ts'
import { df, dmesg, free, mount } from './process/machine-state.ts'
import { busyboxPs, ps, top } from './process/ps.ts'
import { runner, time, timeout, watch } from './process/run.ts'
import { sed } from './sed/sed.ts'
import { netstat } from './sockets/netstat.ts'
import { ss } from './sockets/ss.ts'
import { ssh } from './ssh/ssh.ts'
import { sysctl } from './sysctl/sysctl.ts'
import { tcpdump } from './tcpdump/tcpdump.ts'
import { tracepath } from './traceroute/tracepath.ts'
import { traceroute } from './traceroute/traceroute.ts'
import { busyboxWget, wget } from './wget/wget.ts'

type Entry = readonly [path: string, executable: Executable]

/** What every Debian has (coreutils, grep, sed, mawk, findutils, diffutils, util-linux), and what busybox spells alike. */
const BASE: readonly Entry[] = [
  ['/bin/cat', cat], ['/bin/ls', ls], ['/bin/cp', cp], ['/bin/mv', mv], ['/bin/rm', rm], ['/bin/mkdir', mkdir], ['/bin/rmdir', rmdir],
  ['/bin/touch', touch], ['/bin/ln', ln], ['/bin/chmod', chmod], ['/bin/chown', chown], ['/bin/chgrp', chown], ['/bin/echo', words.echo],
  ['/usr/bin/printf', words.printf], ['/usr/bin/head', head], ['/usr/bin/tail', tail], ['/usr/bin/wc', wc], ['/usr/bin/sort', sort],
  ['/usr/bin/uniq', uniq], ['/usr/bin/cut', cut], ['/usr/bin/tr', tr], ['/usr/bin/tee', tee], ['/usr/bin/seq', words.seq],
  ['/bin/sleep', system.sleep], ['/bin/date', system.date], ['/usr/bin/env', system.env], ['/usr/bin/printenv', system.printenv],
  ['/usr/bin/id', system.id], ['/usr/bin/whoami', system.rootName], ['/usr/bin/groups', system.rootName], ['/bin/hostname', system.hostname],
  ['/bin/uname', system.uname], ['/usr/bin/basename', words.basename], ['/usr/bin/dirname', words.dirname], ['/bin/readlink', words.readlink],
  ['/usr/bin/realpath', words.realpath], ['/bin/true', system.succeed], ['/bin/false', system.fail], ['/bin/sync', system.succeed],
  ['/usr/bin/yes', words.yes], ['/usr/bin/nl', nl], ['/usr/bin/tac', tac], ['/usr/bin/rev', rev], ['/usr/bin/nproc', system.nproc],
  ['/bin/pwd', system.pwd], ['/usr/bin/tty', system.tty], ['/usr/bin/test', system.test], ['/usr/bin/[', system.test], ['/usr/bin/expr', expr],
  ['/usr/bin/clear', system.clear], ['/usr/bin/which', system.which], ['/usr/bin/find', find], ['/usr/bin/xargs', xargs],
  ['/bin/grep', grep()], ['/bin/egrep', grep('E')], ['/bin/fgrep', grep('F')], ['/bin/sed', sed], ['/usr/bin/awk', awk],
  ['/usr/bin/paste', paste], ['/usr/bin/comm', comm], ['/usr/bin/fold', fold], ['/usr/bin/shuf', shuf], ['/usr/bin/diff', diff], ['/usr/bin/stat', stat], ['/usr/bin/du', du], ['/bin/df', df], ['/bin/mount', mount], ['/bin/dmesg', dmesg],
  ['/usr/bin/md5sum', md5sum], ['/usr/bin/sha1sum', sha1sum], ['/usr/bin/sha256sum', sha256sum], ['/usr/bin/base64', base64],
  ['/usr/bin/timeout', timeout], ['/usr/bin/nohup', runner], ['/usr/bin/nice', runner], ['/usr/bin/setsid', runner], ['/bin/kill', kill],
  ['/usr/bin/nsenter', nsenter], ['/bin/more', less],
]

const DEBIAN_ONLY: readonly Entry[] = [
  ['/usr/bin/mawk', awk], ['/usr/bin/getent', getent], ['/usr/bin/stdbuf', runner], ['/usr/bin/file', file], ['/usr/bin/arch', system.arch],
]

const PROCPS: readonly Entry[] = [
  ['/bin/ps', ps], ['/usr/bin/top', top], ['/usr/bin/pgrep', pgrep], ['/usr/bin/pkill', pkill], ['/usr/bin/pidof', pidof], ['/usr/bin/free', free],
  ['/usr/bin/uptime', system.uptime], ['/usr/bin/watch', watch], ['/sbin/sysctl', sysctl], ['/usr/sbin/sysctl', sysctl],
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

/** Applets of busybox that speak otherwise than the GNU tools. */
const BUSYBOX_ONLY: readonly Entry[] = [
  ['/bin/ping', busyboxPing], ['/bin/ping6', busyboxPing], ['/usr/bin/nslookup', busyboxNslookup], ['/usr/bin/wget', busyboxWget], ['/bin/ps', busyboxPs],
  ['/sbin/ip', ip], ['/sbin/ifconfig', ifconfig], ['/sbin/route', route], ['/sbin/arp', arp], ['/bin/netstat', netstat], ['/usr/bin/nc', busyboxNc],
  ['/usr/sbin/arping', arping('busybox')], ['/usr/bin/traceroute', traceroute('busybox')], ['/usr/bin/top', top], ['/usr/bin/pgrep', pgrep],
  ['/usr/bin/pkill', pkill], ['/usr/bin/pidof', pidof], ['/usr/bin/killall', killall], ['/usr/bin/free', free], ['/usr/bin/uptime', system.uptime],
  ['/bin/watch', watch], ['/usr/bin/time', time], ['/usr/bin/less', less], ['/bin/vi', editor], ['/sbin/sysctl', sysctl], ['/usr/bin/tree', tree],
  ['/bin/arch', system.arch],
]

const APPLETS: readonly Entry[] = [...BASE, ...BUSYBOX_ONLY]

export const PACKAGES: Readonly<Record<string, readonly Entry[]>> = {
  coreutils: [...BASE, ...DEBIAN_ONLY],
  busybox: [...APPLETS, ['/bin/busybox', busybox(() => APPLETS)]],
  procps: PROCPS,
  psmisc: [['/usr/bin/killall', killall]],
  iproute2: IPROUTE2,
  iptables: IPTABLES,
  conntrack: [['/usr/sbin/conntrack', conntrack]],
  iputils: [['/usr/bin/ping', ping], ['/bin/ping', ping], ['/usr/bin/tracepath', tracepath]],
  curl: [['/usr/bin/curl', curl]],
  wget: [['/usr/bin/wget', wget]],
  dnsutils: [['/usr/bin/dig', dig], ['/usr/bin/nslookup', nslookup], ['/usr/bin/host', host]],
  'net-tools': NET_TOOLS,
  netcat: [['/usr/bin/nc', nc], ['/usr/bin/netcat', nc], ['/bin/nc', nc]],
  tcpdump: [['/usr/bin/tcpdump', tcpdump], ['/usr/sbin/tcpdump', tcpdump]],
  traceroute: [['/usr/bin/traceroute', traceroute()], ['/usr/sbin/traceroute', traceroute()]],
  arping: [['/usr/sbin/arping', arping()]],
  'openssh-client': [['/usr/bin/ssh', ssh]],
  ethtool: [['/usr/sbin/ethtool', ethtool], ['/sbin/ethtool', ethtool]],
  jq: [['/usr/bin/jq', jq]],
  less: [['/usr/bin/less', less]],
  tree: [['/usr/bin/tree', tree]],
  time: [['/usr/bin/time', time]],
  'man-db': [['/usr/bin/man', man]],
  'util-linux': [['/usr/bin/tree', tree], ['/usr/bin/man', man], ['/usr/bin/time', time]],
  vim: [['/usr/bin/vi', editor], ['/usr/bin/vim', editor]],
  nano: [['/usr/bin/nano', editor]],
  grep: [['/bin/grep', grep()]],
  sed: [['/bin/sed', sed]],
  awk: [['/usr/bin/awk', awk], ['/usr/bin/gawk', awk]],
  diffutils: [['/usr/bin/diff', diff]],
  findutils: [['/usr/bin/find', find], ['/usr/bin/xargs', xargs]],
}

/** Puts the programs of the named packages in place; later packages replace files of earlier ones. Unknown names are ignored. */
export function installPackages(fs: FileSystem, names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(PACKAGES, name)) continue
    for (const [path, executable] of PACKAGES[name]) fs.install(path, executable)
  }
}
