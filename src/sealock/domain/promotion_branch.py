"""Where promotions by pull request live: one place for the beginning of their branches' names."""

PREFIX = "sealock/promote/"
