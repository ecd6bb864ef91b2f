# placeholder until the build helper lands it
