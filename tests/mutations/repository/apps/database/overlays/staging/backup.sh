#!/bin/sh
exec dump --all
