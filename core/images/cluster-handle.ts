/** The way of a pod's program to the API server; the kubelet leaves it there. */
export { CLUSTER_HANDLE, type ClusterHandle, clusterHandle } from '../node/cri/cluster-handle.ts'
