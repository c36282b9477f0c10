import { fileURLToPath, URL } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { compress } from './build/compress.ts'

/** Where `npm run dev` finds a running Tandem. */
const server = process.env.TANDEM_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react(), compress()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    // dist itself stays in git with nothing but .gitkeep, so that Go can embed it before the app was ever built.
    outDir: 'dist/app',
    emptyOutDir: true,
    manifest: true,
    // The newest thing used is light-dark() in style sheets.
    target: ['chrome123', 'edge123', 'firefox121', 'safari17.5'],
    // Nothing as data: in style sheets, because the server's policy lets fonts and pictures come from itself only.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': server } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}', 'build/**/*.test.ts'],
    restoreMocks: true,
    testTimeout: 30_000,
    // A thread is begun sooner than a process, of which each file would have one.
    pool: 'threads',
  },
})
