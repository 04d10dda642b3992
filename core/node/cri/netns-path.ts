/** Where containerd binds the network namespaces of pods (pkg/netns): `/var/run/netns/cni-<uuid>`. */
export const NET_NAMESPACE_DIR = '/var/run/netns/'

export function netnsPath(name: string): string {
  return NET_NAMESPACE_DIR + name
}
