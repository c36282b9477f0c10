import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { localeOf } from '@/i18n/languages'

/** 0.834 → 83 %, in the reader's way. */
export function usePercent(): (part: number) => string {
  const { i18n } = useTranslation()
  return useMemo(() => {
    const format = new Intl.NumberFormat(localeOf(i18n.language), { style: 'percent', maximumFractionDigits: 0 })
    // 99.6 % is not all: nobody shall read 100 % who has missed somebody.
    return (part) => format.format(part < 1 ? Math.min(part, 0.99) : part)
  }, [i18n.language])
}
