// Package sahabatrt holds no code: only the test that the floors of the house stand in their order.
package sahabatrt
