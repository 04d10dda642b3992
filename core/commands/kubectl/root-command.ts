/** The tree of kubectl's commands, in the order of its help. */
import type { CommandSpec } from './command-line.ts'
import { applyCommand } from './commands/apply.ts'
import { autoscaleCommand, editCommand, exposeCommand, patchCommand, replaceCommand, scaleCommand } from './commands/change.ts'
import { configCommand } from './commands/config.ts'
import { createCommand } from './commands/create.ts'
import { deleteCommand } from './commands/delete.ts'
import { describeCommand } from './commands/describe.ts'
import { diffCommand } from './commands/diff.ts'
import {
  apiResourcesCommand,
  apiVersionsCommand,
  authCommand,
  clusterInfoCommand,
  completionCommand,
  explainCommand,
  optionsCommand,
  topCommand,
  versionCommand,
} from './commands/discovery.ts'
import { eventsCommand } from './commands/events.ts'
import { getCommand } from './commands/get.ts'
import { annotateCommand, labelCommand, taintCommand } from './commands/metadata.ts'
import { cordonCommand, drainCommand, uncordonCommand } from './commands/nodes.ts'
import { attachCommand, cpCommand, debugCommand, execCommand, logsCommand, portForwardCommand } from './commands/pods.ts'
import { rolloutCommand } from './commands/rollout.ts'
import { runCommand } from './commands/run.ts'
import { setCommand } from './commands/set.ts'
import { waitCommand } from './commands/wait.ts'

export const rootCommand: CommandSpec = {
  name: 'kubectl',
  short: 'kubectl controls the Kubernetes cluster manager',
  usage: '[flags] [options]',
  commands: [
    createCommand,
    exposeCommand,
    runCommand,
    setCommand,
    explainCommand,
    getCommand,
    editCommand,
    deleteCommand,
    rolloutCommand,
    scaleCommand,
    autoscaleCommand,
    clusterInfoCommand,
    topCommand,
    cordonCommand,
    uncordonCommand,
    drainCommand,
    taintCommand,
    describeCommand,
    logsCommand,
    attachCommand,
    execCommand,
    portForwardCommand,
    cpCommand,
    authCommand,
    debugCommand,
    eventsCommand,
    diffCommand,
    applyCommand,
    patchCommand,
    replaceCommand,
    waitCommand,
    labelCommand,
    annotateCommand,
    completionCommand,
    apiResourcesCommand,
    apiVersionsCommand,
    configCommand,
    optionsCommand,
    versionCommand,
  ],
}
