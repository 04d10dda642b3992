/**
 * Which image a reference names. Repositories are exact, by whatever mirror they are pulled; a tag of a known repository must look like one that its publisher could
 * have made, so that a typing error ends as ImagePullBackOff; everything unknown is played by the generic stand-in.
 *
 * Omits: the real lists of tags.
 */
import type { ImageRef } from '../node/cri/image-ref.ts'
import { agnhostImage, serveHostnameImage } from './agnhost/agnhost.ts'
import { type Component, controlPlaneImage } from './control-plane/control-plane.ts'
import { corednsImage } from './coredns/coredns.ts'
import * as echo from './echo/echo-servers.ts'
import { flannelCniImage, flannelImage } from './flannel/flannel.ts'
import { l2BridgeImage } from './flannel/l2-bridge.ts'
import { genericImage } from './generic/generic.ts'
import { httpdImage } from './httpd/httpd.ts'
import type { Image } from './image.ts'
import { kubeProxyImage } from './kube-proxy/kube-proxy.ts'
import { mysqlImage } from './mysql/mysql.ts'
import { nginxImage } from './nginx/nginx.ts'
import { redisFollowerImage, redisImage } from './redis/redis.ts'
import * as tools from './tools/tools.ts'
import { tomcatImage } from './tomcat/tomcat.ts'

const control = (component: Component): [string, Image] => [`registry.k8s.io/${component}`, controlPlaneImage(component)]
const nginx = nginxImage()
const serveHostname = serveHostnameImage(9376)

const IMAGES: ReadonlyMap<string, Image> = new Map([
  ['docker.io/library/nginx', nginx],
  ['registry.k8s.io/nginx', nginx],
  ['registry.k8s.io/nginx-slim', nginx],
  ['docker.io/nginxinc/nginx-unprivileged', nginxImage(8080)],
  ['docker.io/library/httpd', httpdImage],
  ['docker.io/library/tomcat', tomcatImage('empty')],
  ['docker.io/kubeguide/tomcat-app', tomcatImage('guide')],
  ['docker.io/library/redis', redisImage],
  ['docker.io/kubeguide/redis-master', redisImage],
  ['docker.io/kubeguide/guestbook-redis-slave', redisFollowerImage('redis-master')],
  ['us-docker.pkg.dev/google-samples/containers/gke/gb-redis-follower', redisFollowerImage('redis-leader')],
  ['gcr.io/google_samples/gb-redis-follower', redisFollowerImage('redis-leader')],
  ['gcr.io/google_samples/gb-redisslave', redisFollowerImage('redis-master')],
  ['registry.k8s.io/redis', redisImage],
  ['docker.io/library/mysql', mysqlImage('mysql')],
  ['docker.io/library/mariadb', mysqlImage('mariadb')],
  ['docker.io/library/busybox', tools.busybox],
  ['registry.k8s.io/busybox', tools.busybox],
  ['docker.io/radial/busyboxplus', tools.busyboxPlus],
  ['docker.io/library/alpine', tools.alpine],
  ['docker.io/library/debian', tools.debian],
  ['docker.io/library/ubuntu', tools.ubuntu],
  ['docker.io/curlimages/curl', tools.curlimages],
  ['docker.io/alpine/curl', tools.curl],
  ['docker.io/nicolaka/netshoot', tools.netshoot],
  ['docker.io/tutum/dnsutils', tools.dnsutils],
  ['registry.k8s.io/e2e-test-images/jessie-dnsutils', tools.dnsutils],
  ['docker.io/infoblox/dnstools', tools.netshoot],
  ['docker.io/giantswarm/tiny-tools', tools.netshoot],
  ['registry.k8s.io/pause', tools.pause],
  ['docker.io/hashicorp/http-echo', echo.httpEcho],
  ['docker.io/ealen/echo-server', echo.ealenEcho],
  ['docker.io/jmalloc/echo-server', echo.jmallocEcho],
  ['docker.io/mendhak/http-https-echo', echo.mendhakEcho],
  ['registry.k8s.io/echoserver', echo.echoserver],
  ['registry.k8s.io/e2e-test-images/echoserver', echo.echoserver],
  ['gcr.io/google-samples/hello-app', echo.helloApp],
  ['us-docker.pkg.dev/google-samples/containers/gke/hello-app', echo.helloApp],
  ['gcr.io/google-samples/node-hello', echo.nodeHello],
  ['gcr.io/google-samples/kubernetes-bootcamp', echo.bootcamp],
  ['docker.io/traefik/whoami', echo.whoami],
  ['docker.io/containous/whoami', echo.whoami],
  ['docker.io/paulbouwer/hello-kubernetes', echo.helloPage(8080)],
  ['docker.io/nginxdemos/hello', echo.helloPage(80)],
  ['docker.io/stefanprodan/podinfo', echo.podinfo],
  ['ghcr.io/stefanprodan/podinfo', echo.podinfo],
  ['registry.k8s.io/e2e-test-images/agnhost', agnhostImage],
  ['registry.k8s.io/serve_hostname', serveHostname],
  ['registry.k8s.io/coredns/coredns', corednsImage],
  ['docker.io/coredns/coredns', corednsImage],
  ['registry.k8s.io/kube-proxy', kubeProxyImage],
  ['ghcr.io/flannel-io/flannel', flannelImage],
  ['docker.io/flannel/flannel', flannelImage],
  ['ghcr.io/flannel-io/flannel-cni-plugin', flannelCniImage],
  ['docker.io/flannel/flannel-cni-plugin', flannelCniImage],
  ['vethlab.dev/l2-bridge', l2BridgeImage],
  control('kube-apiserver'), control('kube-controller-manager'), control('kube-scheduler'), control('etcd'),
])

/** Former homes and mirrors of the registries above: what comes from there is the same. */
const MIRRORS: readonly (readonly [from: string, to: string])[] = [
  ['k8s.gcr.io/', 'registry.k8s.io/'],
  ['gcr.io/google_containers/', 'registry.k8s.io/'],
  ['gcr.io/google-containers/', 'registry.k8s.io/'],
  ['gcr.io/kubernetes-e2e-test-images/', 'registry.k8s.io/e2e-test-images/'],
  ['registry.aliyuncs.com/google_containers/', 'registry.k8s.io/'],
  ['registry.cn-hangzhou.aliyuncs.com/google_containers/', 'registry.k8s.io/'],
  ['k8s.m.daocloud.io/', 'registry.k8s.io/'],
  ['public.ecr.aws/docker/library/', 'docker.io/library/'],
  ['mirror.gcr.io/', 'docker.io/'],
  ['docker.m.daocloud.io/', 'docker.io/'],
  ['m.daocloud.io/docker.io/', 'docker.io/'],
  ['registry.k8s.io/e2e-test-images/', 'docker.io/library/'],
]

function origin(repository: string): string {
  let name = repository
  for (const [from, to] of MIRRORS) if (!IMAGES.has(name) && name.startsWith(from)) name = `${to}${name.slice(from.length)}`
  return name
}

/** What publishers call their images: versions and a few words, with suffixes. */
const TAG = /^(v?\d+([._-][0-9A-Za-z]+)*|(latest|stable|mainline|alpine|slim|edge|curl|bookworm|bullseye|trixie|jammy|noble|focal|glibc|musl|uclibc|perl|lts|rolling|jre\d*|jdk\d*)([._-][0-9A-Za-z]+)*)$/
/** Names that lessons use for an image which is not there. */
const ABSENT = /(does-?not-?exist|non-?existent|no-such|not-found|notfound|invalid-image|wrong-image|missing-image|bad-image)/
/** RFC 2606 and RFC 6761: no registry lives below these. */
const ABSENT_REGISTRY = /(^|\.)(invalid|example|test|example\.com|example\.org|example\.net)(:\d+)?$/

/** The image that a reference leads to, or containerd's words why there is none. */
export function resolveImage(ref: ImageRef): Image | { error: string } {
  const registry = ref.repository.slice(0, ref.repository.indexOf('/'))
  const failed = `failed to pull and unpack image "${ref.full}": failed to resolve reference "${ref.full}"`
  if (ABSENT_REGISTRY.test(registry)) {
    return { error: `${failed}: failed to do request: Head "https://${registry}/v2/${ref.repository.slice(registry.length + 1)}/manifests/${ref.tag || ref.digest}": dial tcp: lookup ${registry.replace(/:\d+$/, '')}: no such host` }
  }
  const known = IMAGES.get(ref.repository) ?? IMAGES.get(origin(ref.repository))
  if (known && ref.tag !== '' && !TAG.test(ref.tag)) return { error: `rpc error: code = NotFound desc = ${failed}: ${ref.full}: not found` }
  if (known) return known
  if (ABSENT.test(ref.repository) || ABSENT.test(ref.tag)) {
    const why = 'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed'
    return { error: `${failed}: ${why}` }
  }
  return genericImage
}
