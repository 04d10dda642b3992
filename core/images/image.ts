/** What every image implements; the kubelet's container runtime declares it. */
export type { ContainerSpec, Image, ImageBuild } from '../node/cri/image.ts'
