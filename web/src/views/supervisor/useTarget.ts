import { usePreference } from '@/app/preference'

export const targets = ['0.7', '0.8', '0.9', '0.95'] as const

export type Target = (typeof targets)[number]

/** The service level that this browser's user aims at, 0 to 1. It colours; it changes no figure. */
export function useTarget(): [number, Target, (to: string) => void] {
  const [kept, keep] = usePreference('supervisor.target', '0.8')
  const target = targets.find((t) => t === kept) ?? '0.8'
  return [Number(target), target, keep]
}
