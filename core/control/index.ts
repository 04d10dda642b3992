/** The two processes of the control plane that watch and write objects: kube-controller-manager and kube-scheduler. */
import type { ApiServer } from '../api/server/api-server.ts'
import { ApiClient } from '../api/client/api-client.ts'
import { EventRecorder } from '../api/client/event-recorder.ts'
import { LabelIndex, ObjectIndex } from '../api/client/object-index.ts'
import type { Controller } from '../api/client/run-controller.ts'
import { SharedInformers } from '../api/client/shared-informers.ts'
import type { Pod } from '../api/types/index.ts'
import type { Clock } from '../sim/clock.ts'
import type { RandomStreams } from '../sim/random.ts'
import type { Trace } from '../sim/trace.ts'
import { controllerOf, orphansOf } from './controller-deps.ts'
import type { ControllerDeps } from './controller-deps.ts'
import { cronJobController } from './cronjob/cronjob.ts'
import { daemonSetController } from './daemonset/daemonset.ts'
import { disruptionController } from './disruption/disruption.ts'
import { endpointsController } from './endpoints/endpoints.ts'
import { endpointSliceController } from './endpoint-slice/endpoint-slice.ts'
import { garbageCollector } from './garbage-collector/garbage-collector.ts'
import { jobController } from './job/job.ts'
import { namespaceController } from './namespace/namespace.ts'
import { nodeLifecycleController } from './node-lifecycle/node-lifecycle.ts'
import { persistentVolumeController } from './persistent-volume/persistent-volume.ts'
import { podGarbageCollector } from './pod-gc/pod-gc.ts'
import { serviceAccountController } from './service-account/service-account.ts'
import { deploymentController } from './deployment/deployment.ts'
import { replicaSetController, replicationController } from './replicaset/replica-set.ts'
import { kubeScheduler } from './scheduler/scheduler.ts'
import { statefulSetController } from './statefulset/statefulset.ts'

export interface ControlDeps {
  server: ApiServer
  clock: Clock
  random: RandomStreams
  trace: Trace
}

type Factory = (deps: ControllerDeps) => Controller

const CONTROLLERS: readonly [string, Factory][] = [
  ['replicaset-controller', replicaSetController],
  ['replication-controller', replicationController],
  ['deployment-controller', deploymentController],
  ['statefulset-controller', statefulSetController],
  ['daemonset-controller', daemonSetController],
  ['job-controller', jobController],
  ['cronjob-controller', cronJobController],
  ['endpoint-controller', endpointsController],
  ['endpointslice-controller', endpointSliceController],
  ['disruption-controller', disruptionController],
  ['persistentvolume-binder', persistentVolumeController],
  ['node-controller', nodeLifecycleController],
  ['namespace-controller', namespaceController],
  ['serviceaccount-controller', serviceAccountController],
  ['generic-garbage-collector', garbageCollector],
  ['pod-garbage-collector', podGarbageCollector],
]

/** All controllers of kube-controller-manager as one thing to start and stop. */
export function controllerManager(deps: ControlDeps): Controller {
  return processOf('kube-controller-manager', deps, CONTROLLERS)
}

export function scheduler(deps: ControlDeps): Controller {
  return processOf('kube-scheduler', deps, [['default-scheduler', kubeScheduler]])
}

function processOf(name: string, deps: ControlDeps, factories: readonly [string, Factory][]): Controller {
  const { server, clock, random, trace } = deps
  let informers: SharedInformers | null = null
  let controllers: Controller[] = []
  return {
    name,
    // A process that starts again knows nothing of its former life.
    start() {
      if (informers) return
      informers = new SharedInformers(new ApiClient(server, name))
      const all = informers
      const pods = all.of<Pod>('pods')
      const indices = {
        byOwner: new ObjectIndex<Pod>(pods, (pod) => [controllerOf(pod)?.uid ?? orphansOf(pod.metadata.namespace!)]),
        byNode: new ObjectIndex<Pod>(pods, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : [])),
        byLabel: new LabelIndex<Pod>(pods),
      }
      controllers = factories.map(([actor, make]) => {
        const client = new ApiClient(server, actor)
        return make({ client, clock, random, trace, informers: all, recorder: new EventRecorder(client, actor), pods: indices })
      })
      for (const controller of controllers) controller.start()
      all.start()
    },
    stop() {
      for (const controller of controllers) controller.stop()
      informers?.stop()
      informers = null
      controllers = []
    },
  }
}
