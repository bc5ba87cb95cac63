import type { CopyOptions, ImageFormat, LayerPacking, SubsetMode } from '@crossdock/copy'
import { type Command, Option } from 'commander'
import { addRetryFlags } from './endpoint-flags.ts'
import { UsageError } from './failure.ts'
import { type Flags, gather, isSet, listFlag, numberFlag, textFlag, wholeNumber } from './flags.ts'
import { checkPlatforms, overriddenPlatform } from './platform-flags.ts'
import { addProgressFlags } from './progress/start-progress.ts'
import { addSigningFlags } from './signing-flags.ts'

const SUBSET_MODES: readonly SubsetMode[] = ['rewrite', 'sparse', 'refuse']
const FORMATS: Readonly<Record<string, ImageFormat>> = { oci: 'oci', v2s2: 'docker', v2s1: 'schema1' }
const PACKINGS: readonly LayerPacking['format'][] = ['gzip', 'zstd', 'none']

/** The flags that say what is copied and how; `copy` and `plan` share them. */
export function addCopyFlags(command: Command): void {
  command
    .addOption(
      new Option('-f, --format <type>', 'convert to OCI, or to Docker schema 2 or 1 (default: as it is)').choices(
        Object.keys(FORMATS),
      ),
    )
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
    .addOption(
      new Option('--dest-compress-format <format>', 'pack plain layers as this, or unpack all').choices(PACKINGS),
    )
    .option('--dest-compress-level <n>', 'how hard to pack: gzip 0 to 9 (6), zstd 1 to 19 (3)', wholeNumber(0))
    .option('--dest-force-compress-format', 'pack layers anew that are packed in another way')
    .option('--dest-compress', 'pack plain layers with gzip')
    .option('--dest-decompress', 'unpack layers')
    .option('--no-resume', 'keep nothing of an interrupted copy, and go on from nothing')
    .option(
      '--remember-locations',
      'remember in which repositories blobs are, and take those over that another repository of the same registry has',
    )
    .option('--image-parallel-copies <n>', 'most blobs in flight (default 16)', wholeNumber(1))
  addSigningFlags(command)
  addProgressFlags(addRetryFlags(command))
}

/** Throws a `UsageError` for flags that contradict each other and for text that is no platform. */
export async function copyOptions(flags: Flags): Promise<CopyOptions> {
  const retries = numberFlag(flags, 'retryTimes')
  const choice = platformOptions(flags)
  await checkPlatforms([choice.platform ?? [], choice.platforms === 'all' ? [] : (choice.platforms ?? [])].flat())
  return {
    ...choice,
    format: FORMATS[textFlag(flags, 'format') ?? ''],
    subset: SUBSET_MODES.find((mode) => mode === flags['subset']),
    preserveDigests: isSet(flags, 'preserveDigests'),
    referrers: isSet(flags, 'referrers'),
    layers: layerPacking(flags),
    signatures: isSet(flags, 'removeSignatures') ? 'drop' : 'copy',
    concurrency: numberFlag(flags, 'imageParallelCopies'),
    attempts: retries === undefined ? undefined : retries + 1,
    retryDelayMs: numberFlag(flags, 'retryDelay'),
  }
}

function layerPacking(flags: Flags): LayerPacking | undefined {
  const format = PACKINGS.find((name) => name === textFlag(flags, 'destCompressFormat'))
  const level = numberFlag(flags, 'destCompressLevel')
  const force = isSet(flags, 'destForceCompressFormat')
  if (isSet(flags, 'destDecompress')) {
    if (format !== undefined || force || isSet(flags, 'destCompress')) {
      throw new UsageError('--dest-decompress and flags for compressing contradict each other: give one of them')
    }
    return { format: 'none', level }
  }
  if (format !== undefined || isSet(flags, 'destCompress')) return { format: format ?? 'gzip', level, force }
  if (level === undefined && !force) return undefined
  throw new UsageError('--dest-compress-level and --dest-force-compress-format need --dest-compress-format')
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
