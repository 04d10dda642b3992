/** The two families of xtables. */
export type IpFamily = 'ipv4' | 'ipv6'
