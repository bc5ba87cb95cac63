/**
 * The least that a Node.js program has to do for the same result, as a command: requests in parallel, one hash for each byte
 * that is read, one write, all of it overlapped; for large images in two threads. Nothing is looked up, resumed, retried,
 * checked beyond digests, synced to the disk or reported.
 *
 *     pull IMAGE FOLDER   pull-again IMAGE FOLDER   push FOLDER IMAGE   push-again FOLDER IMAGE
 *     copy IMAGE IMAGE    mount IMAGE IMAGE         folder FOLDER FOLDER
 *     inspect IMAGE       list-tags IMAGE
 *
 * An IMAGE is `http://HOST:PORT/REPOSITORY:TAG` or the same with https. `pull-ranged` is `pull` that fetches large
 * blobs over several connections.
 */
import { copy, mount } from './between-registries.ts'
import { inspect, listTags, pullAgain, pushAgain } from './looking.ts'
import { copyFolder, copyShare, fetchShare, pull, pullRanged, push } from './moving.ts'
import { ownShare, shareDone } from './share.ts'

type Action = (first: string, second: string) => Promise<void>

const ACTIONS: Readonly<Record<string, Action>> = {
  pull,
  push,
  copy,
  mount,
  inspect,
  folder: copyFolder,
  'pull-ranged': pullRanged,
  'pull-again': pullAgain,
  'push-again': pushAgain,
  'list-tags': listTags,
}

async function main([action = '', first = '', second = '']: readonly string[]): Promise<void> {
  const run = ACTIONS[action]
  if (run === undefined) throw new Error(`"${action}" is none of ${Object.keys(ACTIONS).join(', ')}`)
  await run(first, second)
}

const share = ownShare()
if (share === undefined) await main(process.argv.slice(2))
else {
  if (share.argv[0] === 'folder') copyShare(share)
  else await fetchShare(share)
  shareDone()
}
