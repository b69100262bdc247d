workflow {
    error 'no such reference'
}
