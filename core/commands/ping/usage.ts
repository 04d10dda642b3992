/** What ping says when it is used wrongly: the first lines of the real ones, and the options that exist here. */

export const PING_USAGE = `
Usage
  ping [options] <destination>

Options:
  -4 -6              IPv4 or IPv6 only
  -c <count>         stop after <count> replies
  -D                 time stamps
  -I <interface>     interface name or source address
  -i <interval>      seconds between packets
  -M <do|dont|want>  path MTU discovery
  -n                 addresses, no names
  -O                 report answers that are late
  -q                 only the summary
  -s <size>          bytes of data
  -t <ttl>           time to live
  -W <timeout>       seconds to wait for the last answer
  -w <deadline>      seconds until ping ends

For more details see ping(8).
`

export const BUSYBOX_USAGE = `BusyBox v1.36.1 multi-call binary.

Usage: ping [OPTIONS] HOST

	-4,-6	IPv4 or IPv6 only
	-c N	Stop after N packets
	-s N	Bytes of data (default 56)
	-i SEC	Interval
	-t TTL	Time to live
	-I IF	Interface or source address
	-W SEC	Wait for the first answer (default 10)
	-w SEC	Time until ping ends
	-q	Only the summary
`
