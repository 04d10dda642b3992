/** ethtool(8): what a simulated device can honestly say. `-S` of a veth names the index of its other end. Omits: changes. */
import type { NetDevice } from '../../net/device/net-device.ts'
import { immediate } from '../command.ts'

export const ethtool = immediate((proc, argv) => {
  const words = argv.slice(1)
  const option = words[0]?.startsWith('-') ? words.shift() : undefined
  const name = words[0]
  if (name === undefined) {
    proc.error('ethtool: bad command line argument(s)\nFor more information run ethtool -h\n')
    return 1
  }
  const device = proc.netns.link(name)
  if (!device) {
    if (option === '-S' || option === '--statistics') proc.error('Cannot get stats strings information: No such device\n')
    else if (option === '-i' || option === '--driver') proc.error('Cannot get driver information: No such device\n')
    else if (option === '-k' || option === '--show-features') proc.error('Cannot get device feature names: No such device\n')
    else {
      proc.error('Cannot get device settings: No such device\nCannot get wake-on-lan settings: No such device\nCannot get message level: No such device\nCannot get link status: No such device\n')
      proc.print(`Settings for ${name}:\nNo data available\n`)
      return 75
    }
    return option === '-S' || option === '--statistics' ? 96 : option === '-i' ? 71 : 1
  }
  switch (option) {
    case undefined:
      proc.print(settings(device))
      return 0
    case '-S':
    case '--statistics':
      if (device.kind !== 'veth') {
        proc.error('no stats available\n')
        return 94
      }
      proc.print(`NIC statistics:\n     peer_ifindex: ${device.peer?.ifindex ?? 0}\n     rx_queue_0_xdp_packets: 0\n     rx_queue_0_xdp_bytes: 0\n     rx_queue_0_drops: 0\n`)
      return 0
    case '-i':
    case '--driver': {
      const driver = device.kind === 'nic' ? 'virtio_net' : device.kind
      if (device.kind === 'loopback') {
        proc.error('Cannot get driver information: Operation not supported\n')
        return 71
      }
      proc.print(
        `driver: ${driver}\nversion: 1.0\nfirmware-version: \nexpansion-rom-version: \nbus-info: \nsupports-statistics: ${device.kind === 'veth' ? 'yes' : 'no'}\n` +
          'supports-test: no\nsupports-eeprom-access: no\nsupports-register-dump: no\nsupports-priv-flags: no\n',
      )
      return 0
    }
    case '-k':
    case '--show-features':
      proc.print(`Features for ${name}:\nrx-checksumming: on\ntx-checksumming: on\nscatter-gather: on\ntcp-segmentation-offload: off\ngeneric-segmentation-offload: off\ngeneric-receive-offload: off\n`)
      return 0
  }
  proc.error('ethtool: bad command line argument(s)\nFor more information run ethtool -h\n')
  return 1
})

function settings(device: NetDevice): string {
  const detected = device.up && device.carrier ? 'yes' : 'no'
  if (device.kind !== 'veth' && device.kind !== 'nic') return `Settings for ${device.name}:\n\tLink detected: ${detected}\n`
  return (
    `Settings for ${device.name}:\n\tSupported ports: [  ]\n\tSupported link modes:   Not reported\n\tSupported pause frame use: No\n\tSupports auto-negotiation: No\n` +
    '\tSupported FEC modes: Not reported\n\tAdvertised link modes:  Not reported\n\tAdvertised pause frame use: No\n\tAdvertised auto-negotiation: No\n' +
    `\tAdvertised FEC modes: Not reported\n\tSpeed: 10000Mb/s\n\tDuplex: Full\n\tAuto-negotiation: off\n\tPort: Twisted Pair\n\tPHYAD: 0\n\tTransceiver: internal\n\tMDI-X: Unknown\n\tLink detected: ${detected}\n`
  )
}
