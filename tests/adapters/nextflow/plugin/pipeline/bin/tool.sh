#!/bin/sh
wc -c
