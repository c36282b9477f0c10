import { defineConfig } from '@playwright/test'

/**
 * Started by the tests of cmd/tandem (browser_test.go), which give it a whole installation: a server, a switch and phones. One scene at a time, because agents and phones
 * are the same in all of them; none is tried twice, because what fails once in ten times is broken.
 */
export default defineConfig({
  testDir: 'e2e',
  workers: 1,
  retries: 0,
  forbidOnly: true,
  // Deadlines are only used up by what never comes: longer than a view takes to ask again (20 s at most), and long for a machine that has much else to do.
  timeout: 180_000,
  expect: { timeout: 45_000 },
  reporter: [['list']],
  outputDir: 'test-results',
  use: {
    baseURL: process.env.TANDEM_URL,
    // Without a film of the page: what the page was at each step is in the trace anyway.
    trace: { mode: 'retain-on-failure', screenshots: false },
    screenshot: 'only-on-failure',
    locale: 'en-GB',
    timezoneId: process.env.TANDEM_ZONE ?? 'UTC',
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: process.env.TANDEM_CHROMIUM ?? '/usr/bin/chromium',
      // Debian's Chromium cannot make its sandbox in most containers, and everything that it opens is ours.
      args: ['--no-sandbox'],
    },
  },
  projects: [
    { name: 'desks', testMatch: /.*\.spec\.ts/ },
    { name: 'pictures', testMatch: /.*\.pictures\.ts/ },
    // What is measured is not to be disturbed by pictures of it.
    { name: 'bench', testMatch: /.*\.bench\.ts/, use: { trace: 'off', screenshot: 'off' } },
  ],
})
