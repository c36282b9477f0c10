package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

func officeHours() models.Hours {
	return models.Hours{
		ID: "office", Tenant: "acme", Name: "Office", Zone: "Europe/Berlin",
		Week: []core.WeekSpan{{Day: "monday", From: "09:00", To: "12:00"}, {Day: "monday", From: "13:00", To: "17:00"}, {Day: "friday", From: "22:00", To: "06:00"}},
		Days: []core.SpecialDay{{Date: "12-25", Name: "Christmas"}, {Date: "2026-12-24", Name: "Christmas Eve", Open: []core.DaySpan{{From: "09:00", To: "12:00"}}}},
	}
}

func TestHoursAreSetUpN4(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		ctx := t.Context()
		line := mainLine()
		line.Hours = "office"
		_, _, err := c.UpdateEntryPoint(ctx, line, 0)
		requireField(t, err, "hours", "no opening hours")

		row, told, err := c.CreateHours(ctx, officeHours())
		require.NoError(t, err)
		require.Equal(t, officeHours(), row.Setup)
		require.Equal(t, int64(1), row.Version)
		require.Len(t, told.Hours, 1)
		require.True(t, told.Hours[0].Open(time.Date(2026, 7, 6, 7, 0, 0, 0, time.UTC)), "nine in Berlin's summer")
		require.False(t, told.Hours[0].Open(time.Date(2026, 12, 7, 7, 0, 0, 0, time.UTC)), "eight in its winter")
		_, _, err = c.CreateHours(ctx, officeHours())
		require.ErrorIs(t, err, models.ErrExists)

		_, _, err = c.CreateTenant(ctx, models.Tenant{Tenant: core.Tenant{ID: "other", Name: "Other"}})
		require.NoError(t, err)
		theirs := officeHours()
		theirs.ID, theirs.Tenant = "theirs", "other"
		_, _, err = c.CreateHours(ctx, theirs)
		require.NoError(t, err)
		line.Hours = "theirs"
		_, _, err = c.UpdateEntryPoint(ctx, line, 0)
		requireField(t, err, "hours", "no opening hours")
		moved := theirs
		moved.Tenant = "acme"
		_, _, err = c.UpdateHours(ctx, moved, 0)
		require.Error(t, err, "they stay with their tenant")
		_, err = c.DeleteTenant(ctx, "other", 0)
		requireField(t, err, "id", "still has hours")

		line.Hours = "office"
		_, change, err := c.UpdateEntryPoint(ctx, line, 0)
		require.NoError(t, err)
		require.Equal(t, core.HoursID("office"), change.EntryPoints[0].Hours)
		_, err = c.DeleteHours(ctx, "office", 0)
		requireField(t, err, "id", "entry point main")

		longer := officeHours()
		longer.Week[1].To = "18:00"
		_, _, err = c.UpdateHours(ctx, longer, 7)
		require.ErrorIs(t, err, models.ErrVersion)
		row, _, err = c.UpdateHours(ctx, longer, 1)
		require.NoError(t, err)
		require.Equal(t, longer, row.Setup)
		all, err := c.Snapshot(ctx)
		require.NoError(t, err)
		require.Equal(t, []core.Hours{longer.Rules(time.Now()), theirs.Rules(time.Now())}, all.Hours)
		require.Equal(t, core.HoursID("office"), all.EntryPoints[0].Hours)
		listed, err := c.Hours(ctx, "acme")
		require.NoError(t, err)
		require.Len(t, listed, 1)

		line.Hours = ""
		_, _, err = c.UpdateEntryPoint(ctx, line, 0)
		require.NoError(t, err)
		change, err = c.DeleteHours(ctx, "office", 2)
		require.NoError(t, err)
		require.Equal(t, []core.HoursID{"office"}, change.Remove.Hours)
		_, err = c.OneHours(ctx, "office")
		require.ErrorIs(t, err, models.ErrNotFound)
		all, err = c.Snapshot(ctx)
		require.NoError(t, err)
		require.Equal(t, []core.HoursID{"office"}, all.Remove.Hours)
	})
}

func TestHoursRulesN4(t *testing.T) {
	for _, c := range []struct {
		what  string
		edit  func(h *models.Hours)
		field string // "" = nothing is wrong
	}{
		{"as they are", func(*models.Hours) {}, ""},
		{"a whole day", func(h *models.Hours) { h.Week = []core.WeekSpan{{Day: "sunday", From: "00:00", To: "24:00"}} }, ""},
		{"one after the other", func(h *models.Hours) { h.Week[1].From = "12:00" }, ""},
		{"the leap day of every year", func(h *models.Hours) { h.Days[0].Date = "02-29" }, ""},
		{"the same day of a year and of all", func(h *models.Hours) { h.Days[0].Date = "12-24" }, ""},
		{"open on special days only", func(h *models.Hours) { h.Week = nil }, ""},
		{"never open", func(h *models.Hours) { h.Week, h.Days = nil, h.Days[:1] }, "week"},
		{"no zone", func(h *models.Hours) { h.Zone = "" }, "zone"},
		{"no such zone", func(h *models.Hours) { h.Zone = "Europe/Atlantis" }, "zone"},
		{"the zone of the machine", func(h *models.Hours) { h.Zone = "Local" }, "zone"},
		{"a file", func(h *models.Hours) { h.Zone = "../../etc/passwd" }, "zone"},
		{"a zone of this machine's only", func(h *models.Hours) { h.Zone = "posixrules" }, "zone"},
		{"clocks with leap seconds", func(h *models.Hours) { h.Zone = "right/Europe/Berlin" }, "zone"},
		{"a zone's file, by another path", func(h *models.Hours) { h.Zone = "Europe//Berlin" }, "zone"},
		{"no place", func(h *models.Hours) { h.Zone = "Factory" }, "zone"},
		{"a name in three parts", func(h *models.Hours) { h.Zone = "America/Argentina/Buenos_Aires" }, ""},
		{"a name with a sign and a digit", func(h *models.Hours) { h.Zone = "Etc/GMT+10" }, ""},
		{"no name", func(h *models.Hours) { h.Name = " " }, "name"},
		{"no such day of the week", func(h *models.Hours) { h.Week[1].Day = "Monday" }, "week[1].day"},
		{"an hour of one digit", func(h *models.Hours) { h.Week[0].From = "9:00" }, "week[0].from"},
		{"begins at 24:00", func(h *models.Hours) { h.Week[0].From = "24:00" }, "week[0].from"},
		{"ends after 24:00", func(h *models.Hours) { h.Week[0].To = "24:01" }, "week[0].to"},
		{"no minute", func(h *models.Hours) { h.Week[0].To = "09:60" }, "week[0].to"},
		{"as long as nothing", func(h *models.Hours) { h.Week[0].To = "09:00" }, "week[0].to"},
		{"overlaps", func(h *models.Hours) { h.Week[1].From = "11:59" }, "week[1]"},
		{"a night overlaps", func(h *models.Hours) { h.Week[1] = core.WeekSpan{Day: "friday", From: "23:00", To: "23:30"} }, "week[2]"},
		{"no date", func(h *models.Hours) { h.Days[1].Date = "24.12.2026" }, "days[1].date"},
		{"a date that is not", func(h *models.Hours) { h.Days[1].Date = "2026-02-29" }, "days[1].date"},
		{"a yearly date that never is", func(h *models.Hours) { h.Days[0].Date = "02-30" }, "days[0].date"},
		{"a date twice", func(h *models.Hours) { h.Days[1].Date = "12-25" }, "days[1].date"},
		{"a special day overlaps", func(h *models.Hours) {
			h.Days[1].Open = append(h.Days[1].Open, core.DaySpan{From: "11:00", To: "13:00"})
		}, "days[1].open[1]"},
		{"a line break", func(h *models.Hours) { h.Days[0].Name = "a\nb" }, "days[0].name"},
	} {
		t.Run(c.what, func(t *testing.T) {
			h := officeHours()
			c.edit(&h)
			err := models.ValidHours(h)
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			requireField(t, err, c.field, "")
		})
	}
}

// A list that is too long is refused as that, and not looked through: every word of it was compared with every one before it, and complained about by itself.
func TestListsThatAreTooLongAreRefusedAsThat(t *testing.T) {
	h, many := officeHours(), make([]core.DaySpan, 40_000)
	h.Days[1].Open = many
	for i, err := range []error{
		models.ValidHours(h),
		models.ValidHours(func() models.Hours {
			h := officeHours()
			for range many {
				h.Week = append(h.Week, core.WeekSpan{Day: "monday"})
			}
			return h
		}()),
		models.ValidHours(func() models.Hours { h := officeHours(); h.Days = make([]core.SpecialDay, 40_000); return h }()),
		models.ValidTenant(models.Tenant{Tenant: core.Tenant{ID: "acme", Name: "Acme", IdleReasons: make([]string, 40_000)}}),
	} {
		var broken models.Invalid
		require.ErrorAs(t, err, &broken)
		require.Less(t, len(broken), 100, "list %d", i)
		require.ErrorContains(t, err, "at most", "list %d", i)
	}
}
