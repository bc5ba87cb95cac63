import type { CopyOptions, SubsetMode } from '@crossdock/copy'
import { type Command, Option } from 'commander'
import { addRetryFlags } from './endpoint-flags.ts'
import { UsageError } from './failure.ts'
import { type Flags, gather, isSet, listFlag, numberFlag, textFlag, wholeNumber } from './flags.ts'
import { checkPlatforms, overriddenPlatform } from './platform-flags.ts'
import { addProgressFlags } from './progress/start-progress.ts'

const SUBSET_MODES: readonly SubsetMode[] = ['rewrite', 'sparse', 'refuse']

/** The flags that say what is copied and how; `copy` and `plan` share them. */
export function addCopyFlags(command: Command): void {
  command
    .option('-a, --all', 'copy an index with every platform')
    .addOption(
      new Option(
        '--platform <os/arch[/variant]>',
        'platform to take out of an index; with "*", a comma, or given again: platforms to keep',
      ).argParser(gather),
    )
    .option('--multi-arch <choice>', '"system" (this machine\'s platform), "all", or a list of platforms')
    .addOption(
      new Option('--subset <mode>', 'what becomes of an index of which not every platform is copied').choices(
        SUBSET_MODES,
      ),
    )
    .option('--preserve-digests', "fail rather than let the image's digest change")
    .option('--referrers', 'also copy what refers to the image: signatures, SBOMs, attestations')
    .option('--remove-signatures', 'leave signatures behind')
    .option('--no-resume', 'keep nothing of an interrupted copy, and go on from nothing')
    .option('--image-parallel-copies <n>', 'most blobs in flight (default 16)', wholeNumber(1))
  addProgressFlags(addRetryFlags(command))
}

/** Throws a `UsageError` for flags that contradict each other and for text that is no platform. */
export async function copyOptions(flags: Flags): Promise<CopyOptions> {
  const retries = numberFlag(flags, 'retryTimes')
  const choice = platformOptions(flags)
  await checkPlatforms([choice.platform ?? [], choice.platforms === 'all' ? [] : (choice.platforms ?? [])].flat())
  return {
    ...choice,
    subset: SUBSET_MODES.find((mode) => mode === flags['subset']),
    preserveDigests: isSet(flags, 'preserveDigests'),
    referrers: isSet(flags, 'referrers'),
    signatures: isSet(flags, 'removeSignatures') ? 'drop' : 'copy',
    concurrency: numberFlag(flags, 'imageParallelCopies'),
    attempts: retries === undefined ? undefined : retries + 1,
    retryDelayMs: numberFlag(flags, 'retryDelay'),
  }
}

/** The media types that `--format` stands for; undefined if any will do. */
export async function manifestTypes(flags: Flags): Promise<readonly string[] | undefined> {
  const format = textFlag(flags, 'format')
  if (format === 'v2s1') {
    throw new UsageError('--format v2s1 is not supported: images of that type are out of use and are not written')
  }
  if (format === undefined) return undefined
  const { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_INDEX, OCI_MANIFEST } = await import('@crossdock/formats')
  return format === 'oci' ? [OCI_MANIFEST, OCI_INDEX] : [DOCKER_MANIFEST, DOCKER_MANIFEST_LIST]
}

function platformOptions(flags: Flags): Pick<CopyOptions, 'platform' | 'platforms'> {
  const named = listFlag(flags, 'platform')
  const multi = textFlag(flags, 'multiArch')
  const all = isSet(flags, 'all')
  if ([named.length > 0, multi !== undefined, all].filter(Boolean).length > 1) {
    throw new UsageError('--all, --multi-arch and --platform say the same in three ways: give one of them')
  }
  if (all || multi === 'all') return { platforms: 'all' }
  if (multi === 'index-only') {
    throw new UsageError(
      '--multi-arch takes "system", "all" or a list of platforms; an index without its images is of no use to anyone',
    )
  }
  if (multi !== undefined && multi !== 'system') return { platforms: multi.split(',') }
  const [only] = named
  if (named.length > 1 || only?.includes('*') === true) return { platforms: named }
  return { platform: only ?? overriddenPlatform(flags) }
}
