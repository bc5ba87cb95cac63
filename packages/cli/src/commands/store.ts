import type { CommandEntry } from '../command-entry.ts'
import { exportFromStoreCommand } from './store/export.ts'
import { gcCommand } from './store/gc.ts'
import { infoCommand } from './store/info.ts'
import { loadCommand } from './store/load.ts'
import { listStoreCommand } from './store/ls.ts'
import { pathCommand } from './store/path.ts'
import { pruneCommand } from './store/prune.ts'
import { pullCommand } from './store/pull.ts'
import { pushCommand } from './store/push.ts'
import { removeCommand } from './store/rm.ts'
import { tagCommand } from './store/tag.ts'
import { verifyStoreCommand } from './store/verify.ts'

const COMMANDS: readonly CommandEntry[] = [
  listStoreCommand,
  pullCommand,
  pushCommand,
  loadCommand,
  exportFromStoreCommand,
  tagCommand,
  removeCommand,
  gcCommand,
  pruneCommand,
  verifyStoreCommand,
  infoCommand,
  pathCommand,
]

export const storeCommand: CommandEntry = {
  name: 'store',
  summary: 'keep images in the local store: list, pull, push, load, clean up',
  define: (store, invocation) => {
    store
      .description(
        'The images of this machine: a folder that is an OCI image layout at every instant, with names, labels and what is on its way ' +
          'beside it. Any number of processes may use it at once. It is the folder of --store, else of CROSSDOCK_STORE, else ' +
          'crossdock/store where programs keep data ($XDG_DATA_HOME, ~/.local/share, %LOCALAPPDATA%). Image names "store:NAME" stand for what is in it.',
      )
      .option('--namespace <name>', 'names and labels of this namespace; the folder shows "default"', 'default')
      .addHelpText('after', EXAMPLES)
    for (const entry of COMMANDS) {
      const command = store.command(entry.name).summary(entry.summary)
      if (entry.alias !== undefined) command.alias(entry.alias)
      entry.define(command, invocation)
    }
  },
}

const EXAMPLES = `
Examples:
  crossdock store pull docker://alpine:3.20
  crossdock store ls --filter 'name~=alpine'
  crossdock store push alpine:3.20 docker://localhost:5000/alpine:3.20
  crossdock store prune --unused-for 30d --max-size 20GB
`
