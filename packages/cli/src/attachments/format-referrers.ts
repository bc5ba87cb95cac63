import { quoteForeign } from '@crossdock/core'
import { formatBytes } from '../output/sizes.ts'
import { formatTable } from '../output/table.ts'
import type { ReferrerDescription, ReferrersDescription } from './describe-referrers.ts'

/** Annotations longer than this are cut. */
const ANNOTATION_CHARACTERS = 100

/** A tree for people: what is below something refers to it. */
export function formatReferrers({ Name, Digest, Referrers }: ReferrersDescription): string {
  const head = formatTable([
    ['name', Name],
    ['digest', Digest],
  ])
  if (Referrers.length === 0) return `${head}\nnothing refers to it\n`
  const subjects = [...new Set(Referrers.map(({ Subject }) => Subject))]
  const trees = subjects.map((subject) => {
    const about = Referrers.filter(({ Subject }) => Subject === subject)
    const platform = about[0]?.Platform
    const title = `${subject}${platform === undefined ? '' : `  ${quoteForeign(platform, 100)}`}\n`
    return `\n${title}${linesOf(about, '').join('')}`
  })
  return `${head}${trees.join('')}`
}

function linesOf(referrers: readonly ReferrerDescription[], indent: string): readonly string[] {
  return referrers.flatMap((referrer, index) => {
    const isLast = index === referrers.length - 1
    const below = `${indent}${isLast ? '   ' : '│  '}`
    const { Digest, ArtifactType, ContentSize, Tie, Tag } = referrer
    const tie = Tie === 'subject' ? '' : `  (${Tag ?? 'in the index'})`
    return [
      `${indent}${isLast ? '└─' : '├─'} ${Digest}  ${quoteForeign(ArtifactType, 200)}  ${formatBytes(ContentSize)}${tie}\n`,
      ...annotationLines(referrer, `${below}${referrer.Referrers.length > 0 ? '│  ' : '   '}`),
      ...linesOf(referrer.Referrers, below),
    ]
  })
}

function annotationLines({ Annotations }: ReferrerDescription, indent: string): readonly string[] {
  return Object.entries(Annotations).map(
    ([key, value]) => `${indent}${quoteForeign(key, 200)}=${quoteForeign(value, ANNOTATION_CHARACTERS)}\n`,
  )
}
