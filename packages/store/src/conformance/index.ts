export { imageNamesCases, runImageNamesCases } from './image-names.ts'
export type { ImageNamesCase, ImageNamesFixture } from './image-steps.ts'
export type { DisposableFixture, RunCasesOptions, StoreCase } from './run-cases.ts'
