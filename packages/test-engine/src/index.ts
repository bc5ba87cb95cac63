export { startEngine } from './start-engine.ts'
export type { EngineOptions, EngineRequest, TestEngine } from './start-engine.ts'
export type { EngineStore, StoredImage } from './image-store.ts'
