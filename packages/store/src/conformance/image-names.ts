import { imageCreateCases } from './image-create-cases.ts'
import { imageListCases } from './image-list-cases.ts'
import { imagePutCases } from './image-put-cases.ts'
import type { ImageNamesCase, ImageNamesFixture } from './image-steps.ts'
import { imageUpdateCases } from './image-update-cases.ts'
import { runCases, type RunCasesOptions } from './run-cases.ts'

/** What holds for every `ImageNames`. */
export const imageNamesCases: readonly ImageNamesCase[] = Object.freeze([
  ...imageCreateCases,
  ...imageUpdateCases,
  ...imagePutCases,
  ...imageListCases,
])

/** Declares a test for each case. */
export function runImageNamesCases(options: RunCasesOptions<ImageNamesFixture>): void {
  runCases(imageNamesCases, options)
}
