import type { ImageShape } from '@crossdock/test-images'
import { type BenchLink, FAR, FAR_LIMITED, LIMITED, NEAR, NEAR_TLS } from './links.ts'
import { type ScenarioName, scenarioOf } from './scenarios.ts'

/** One thing to measure. */
export interface Row {
  readonly link: BenchLink
  readonly scenario: ScenarioName
  readonly image: ImageShape
}

/** Rows of one table: they differ in the image alone. */
export interface Section {
  readonly link: BenchLink
  readonly scenario: ScenarioName
  readonly images: readonly ImageShape[]
}

/** What a goal of the project is about; minutes. */
export const STANDARD: readonly Section[] = [
  { link: NEAR, scenario: 'pull', images: ['tiny', 'multiarch', 'many', 'files', 'multi', 'big'] },
  { link: NEAR, scenario: 'push', images: ['tiny', 'multiarch', 'many', 'files', 'multi', 'big'] },
  { link: NEAR, scenario: 'copy', images: ['many', 'multi', 'big'] },
  { link: NEAR, scenario: 'mount', images: ['tiny', 'many', 'multi'] },
  { link: NEAR, scenario: 'folder', images: ['many', 'multi', 'big'] },
  { link: NEAR, scenario: 'pull-again', images: ['many', 'multi'] },
  { link: NEAR, scenario: 'push-again', images: ['many', 'multi'] },
  { link: NEAR, scenario: 'save', images: ['many', 'multi'] },
  { link: NEAR, scenario: 'load', images: ['many', 'multi'] },
  { link: NEAR, scenario: 'recompress', images: ['many', 'multi'] },
  { link: NEAR, scenario: 'flatten', images: ['many', 'multi'] },
  { link: NEAR, scenario: 'inspect', images: ['tiny'] },
  { link: NEAR, scenario: 'list-tags', images: ['tiny'] },
  { link: NEAR, scenario: 'version', images: ['tiny'] },
  { link: NEAR_TLS, scenario: 'pull', images: ['files', 'multi', 'big'] },
  { link: NEAR_TLS, scenario: 'push', images: ['multi', 'big'] },
  { link: FAR, scenario: 'inspect', images: ['tiny'] },
  { link: FAR, scenario: 'list-tags', images: ['tiny'] },
  { link: FAR, scenario: 'pull', images: ['tiny', 'many', 'multi'] },
  { link: FAR, scenario: 'push', images: ['tiny', 'many', 'multi'] },
  { link: FAR, scenario: 'copy', images: ['tiny', 'many'] },
  { link: FAR, scenario: 'mount', images: ['tiny', 'many'] },
  { link: FAR, scenario: 'pull-again', images: ['many'] },
  { link: FAR, scenario: 'push-again', images: ['many'] },
  { link: LIMITED, scenario: 'pull', images: ['big'] },
  { link: FAR_LIMITED, scenario: 'pull', images: ['big'] },
]

/** Whether the bench works at all, and what start-up and requests cost; a minute. */
export const QUICK: readonly Section[] = [
  { link: NEAR, scenario: 'pull', images: ['tiny', 'many'] },
  { link: NEAR, scenario: 'push', images: ['tiny', 'many'] },
  { link: NEAR, scenario: 'copy', images: ['tiny'] },
  { link: NEAR, scenario: 'mount', images: ['many'] },
  { link: NEAR, scenario: 'folder', images: ['many'] },
  { link: NEAR, scenario: 'pull-again', images: ['many'] },
  { link: NEAR, scenario: 'push-again', images: ['many'] },
  { link: NEAR, scenario: 'inspect', images: ['tiny'] },
  { link: NEAR, scenario: 'list-tags', images: ['tiny'] },
  { link: NEAR, scenario: 'version', images: ['tiny'] },
  { link: NEAR_TLS, scenario: 'pull', images: ['many'] },
  { link: FAR, scenario: 'pull', images: ['many'] },
  { link: FAR, scenario: 'push', images: ['many'] },
]

export interface CombineOptions {
  readonly links: readonly BenchLink[]
  readonly scenarios: readonly ScenarioName[]
  readonly images: readonly ImageShape[]
}

/** Everything with everything; what moves no layer with the first image alone, what needs no registry once. */
export function combine({ links, scenarios, images }: CombineOptions): readonly Section[] {
  return links.flatMap((link, at) =>
    scenarios.flatMap((scenario) => {
      const { images: which, remote } = scenarioOf(scenario)
      if (!remote && at > 0) return []
      return [{ link: remote ? link : NEAR, scenario, images: which === 'all' ? images : images.slice(0, 1) }]
    }),
  )
}

export const ALL_LINKS: readonly BenchLink[] = [NEAR, NEAR_TLS, FAR, LIMITED, FAR_LIMITED]
