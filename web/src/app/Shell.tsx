import { Link, Outlet, useNavigate } from '@tanstack/react-router'
import { Languages, LogOut, Monitor, Moon, Sun, UserRound, WifiOff } from 'lucide-react'
import { lazy, Suspense, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { languages, type Language } from '@/i18n/languages'
import { setLanguage } from '@/i18n'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Menu, MenuItem, MenuRule, MenuSection } from '@/ui/Menu'
import { Notices } from '@/ui/Notices'
import { AgentBar } from './AgentBar'
import { Brand } from './Brand'
import { leave } from './leave'
import { ways } from './nav'
import { useMe, useSession } from './session'
import { setTheme, useTheme, type Theme } from './theme'
import css from './Shell.module.css'

// Agents' pop-ups are loaded for agents only.
const Layer = lazy(() => import('@/views/desk/Layer').then((m) => ({ default: m.Layer })))

/** What is around every view: where one can go, who one is, and whether what one sees is live. */
export function Shell() {
  const { t } = useTranslation()
  const me = useMe()
  const signedIn = useSession().status === 'in'
  const navigate = useNavigate()
  useEffect(() => {
    if (!signedIn) void navigate({ to: '/sign-in' })
  }, [signedIn, navigate])

  return (
    <div className={css.shell}>
      <a className={css.skip} href="#main">
        {t('skip')}
      </a>
      <nav className={css.rail} aria-label={t('nav.label')}>
        <Link to="/" className={css.brand} aria-label="Tandem">
          <Brand size={34} />
        </Link>
        {ways
          .filter((w) => w.for(me))
          .map((w) => (
            <Link key={w.label} to={w.to} className={css.way}>
              <w.icon size={21} strokeWidth={1.8} aria-hidden />
              {t(w.label)}
            </Link>
          ))}
      </nav>
      <header className={css.bar}>
        <div className={css.slot}>{me.agent && <AgentBar agent={me.agent} />}</div>
        <UserMenu />
      </header>
      <main id="main" className={css.main} tabIndex={-1}>
        <LostLine />
        <Suspense fallback={<div className={css.loading} role="progressbar" aria-label={t('loading')} />}>
          <Outlet />
        </Suspense>
      </main>
      {me.agent && (
        <Suspense>
          <Layer agent={me.agent} />
        </Suspense>
      )}
      <Notices />
    </div>
  )
}

/** Says at once when what is shown may be old. */
function LostLine() {
  const { t } = useTranslation()
  const lost = useLive((l) => l.link === 'lost')
  return (
    <div role="status">
      {lost && (
        <p className={css.lost}>
          <WifiOff size={16} aria-hidden />
          {t('lost')}
        </p>
      )}
    </div>
  )
}

const themes: { id: Theme; icon: typeof Sun }[] = [
  { id: 'system', icon: Monitor },
  { id: 'light', icon: Sun },
  { id: 'dark', icon: Moon },
]

function UserMenu() {
  const { t, i18n } = useTranslation()
  const me = useMe()
  const theme = useTheme()
  const navigate = useNavigate()
  const name = me.display_name || me.name
  return (
    <Menu
      label={t('user.menu')}
      onAction={(key) => {
        if (key === 'account') void navigate({ to: '/account' })
        if (key === 'leave') void leave(me)
      }}
      button={
        <Button look="quiet">
          <span className={css.who}>
            <span className="said">{t('user.menu')}: </span>
            <span className={css.avatar} aria-hidden>
              {initials(name)}
            </span>
            <span className={css.name}>{name}</span>
          </span>
        </Button>
      }
    >
      <MenuItem id="account" text={t('user.account')} icon={<UserRound size={16} aria-hidden />} />
      <MenuRule />
      <MenuSection title={t('user.theme')} selected={theme} onSelect={(k) => setTheme(k as Theme)}>
        {themes.map(({ id, icon: Icon }) => (
          <MenuItem key={id} id={id} text={t(`theme.${id}`)} icon={<Icon size={16} aria-hidden />} />
        ))}
      </MenuSection>
      <MenuRule />
      <MenuSection title={t('user.language')} selected={i18n.language} onSelect={(k) => setLanguage(k as Language)}>
        {Object.entries(languages).map(([id, text]) => (
          <MenuItem key={id} id={id} text={text} icon={<Languages size={16} aria-hidden />} />
        ))}
      </MenuSection>
      <MenuRule />
      <MenuItem id="leave" text={t('user.signOut')} icon={<LogOut size={16} aria-hidden />} />
    </Menu>
  )
}

/** At most two letters that stand for a name. */
function initials(name: string): string {
  const words = name.split(/[\s.@_-]+/).filter(Boolean)
  return ((words[0]?.[0] ?? '') + (words[1]?.[0] ?? '')).toUpperCase()
}
