/** What the machines of a world have on their disks beside a bare distribution: names, resolver, tools, kubectl's configuration. */
import { installPackages } from '../commands/packages.ts'
import { FULL_TOOLSET } from '../images/base-image.ts'
import type { Machine } from '../linux/machine.ts'
import { formatIp, type IpAddr } from '../net/addr/ip.ts'
import { bash, sh } from '../shell/index.ts'

export function writeMachineFiles(machine: Machine, addresses: ReadonlyMap<string, IpAddr>, gateway: IpAddr): void {
  const { fs } = machine
  fs.install('/bin/bash', bash)
  fs.install('/bin/sh', sh)
  installPackages(fs, FULL_TOOLSET)
  const lines = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback', '']
  for (const [name, ip] of addresses) lines.push(`${formatIp(ip)}\t${name}`)
  fs.write('/etc/hosts', `${lines.join('\n')}\n`)
  fs.write('/etc/resolv.conf', `nameserver ${formatIp(gateway)}\n`)
}

export function writeKubeconfig(machine: Machine, server: string): void {
  machine.fs.mkdir('/root/.kube', { parents: true })
  machine.fs.write('/root/.kube/config', `apiVersion: v1
clusters:
- cluster:
    server: ${server}
  name: vethlab
contexts:
- context:
    cluster: vethlab
    user: kubernetes-admin
  name: kubernetes-admin@vethlab
current-context: kubernetes-admin@vethlab
kind: Config
preferences: {}
users:
- name: kubernetes-admin
  user: {}
`)
}
