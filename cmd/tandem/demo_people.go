package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
)

// demoSupervisor leads the whole of the demo's tenant.
const demoSupervisor = "vera"

// demoPassword makes the password of everybody in the demo: one that can be typed from a terminal into three browsers.
func demoPassword() string {
	letters := strings.ToLower(rand.Text())
	return letters[:4] + "-" + letters[4:8] + "-" + letters[8:12]
}

// people lets the cast, a supervisor and the administrator sign in.
func (d *demo) people(ctx context.Context) error {
	users := []map[string]any{{"id": demoSupervisor, "tenant": "demo", "name": demoSupervisor, "display_name": "Vera Vogel", "role": "supervisor", "all_teams": true}}
	for _, a := range d.cast {
		users = append(users, map[string]any{"id": a.id, "tenant": "demo", "name": a.id, "display_name": a.name, "role": "agent", "agent": a.id})
	}
	names := []string{adminName}
	for _, u := range users {
		if err := d.api.Post(ctx, "/api/v1/users", u, nil); err != nil {
			return fmt.Errorf("make a user of the demo: %w", err)
		}
		names = append(names, fmt.Sprint(u["id"]))
	}
	for _, name := range names {
		if err := d.api.Post(ctx, "/api/v1/users/"+name+"/password", map[string]string{"password": d.password}, nil); err != nil {
			return fmt.Errorf("give a user of the demo a password: %w", err)
		}
	}
	return nil
}
