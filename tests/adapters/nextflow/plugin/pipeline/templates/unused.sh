echo template
