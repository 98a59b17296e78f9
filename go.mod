module sahabatrt

go 1.26
