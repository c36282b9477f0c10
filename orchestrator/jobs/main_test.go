package jobs

import (
	"os"
	"testing"

	"github.com/tandem-voice/tandem/models/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }
